using System.Diagnostics;
using FlashKV.SimBackend.Sharing;

namespace FlashKV.SimBackend;

/// <summary>
/// The library under which unmodified native programs use adapters that another process serves: its
/// sources are in this assembly, and the system's C compiler builds it.
/// </summary>
public static class PreloadLibrary
{
    private const string SocketVariable = "FLASHKV_ADAPTER_SOCKET";
    private const string RegistersVariable = "FLASHKV_ADAPTER_REGISTERS";
    private const string PreloadVariable = "LD_PRELOAD";

    /// <summary>Builds the library, or finds what was built before from the same sources.</summary>
    /// <param name="compiler">
    /// The compiler to use, a command that may have arguments; <see langword="null"/> takes what the
    /// variable CC says, or else cc, gcc or clang.
    /// </param>
    /// <returns>The path of the library, in the user's cache.</returns>
    /// <exception cref="PreloadLibraryException">
    /// There is no compiler, or it fails, or this is not 64-bit Linux.
    /// </exception>
    public static string Build(string? compiler = null)
    {
        if (!OperatingSystem.IsLinux() || !Environment.Is64BitProcess)
        {
            throw new PreloadLibraryException(
                "Native programs can be run on simulated adapters on 64-bit Linux only.");
        }

        NativeCompiler found = NativeCompiler.Find(compiler);
        return PreloadCache.Get(PreloadSources.Read(), found);
    }

    /// <summary>Makes a program that is about to be started run under the library.</summary>
    /// <param name="start">How the program is started.</param>
    /// <param name="libraryPath">The path that <see cref="Build"/> gave.</param>
    /// <param name="socketPath">The path of the server's socket.</param>
    /// <param name="registers">How the program touches registers.</param>
    public static void Configure(
        ProcessStartInfo start,
        string libraryPath,
        string socketPath,
        PreloadRegisters registers = PreloadRegisters.Trapped)
    {
        ArgumentNullException.ThrowIfNull(start);
        ArgumentException.ThrowIfNullOrEmpty(libraryPath);
        ArgumentException.ThrowIfNullOrEmpty(socketPath);
        start.Environment.TryGetValue(PreloadVariable, out string? others);
        start.Environment[PreloadVariable] = string.IsNullOrEmpty(others)
            ? libraryPath
            : $"{libraryPath}:{others}";
        start.Environment[SocketVariable] = PacketSocket.IsName(socketPath)
            ? socketPath : Path.GetFullPath(socketPath);
        start.Environment[RegistersVariable] =
            registers == PreloadRegisters.Shared ? "shared" : "trapped";
    }
}
