using System.Diagnostics;
using System.Runtime.InteropServices;

namespace FlashKV.SimBackend.Tests.Native;

/// <summary>
/// The preload library and the C programs, built once, and a server for each submission mode.
/// </summary>
public sealed class NativeMachine : IDisposable
{
    private const long LunBytes = 300L << 30; // 1,200 chunks; only what is written takes memory
    private const long OtherLunBytes = 4L << 30;

    private readonly TemporaryDirectory _directory = new();
    private readonly List<MemoryMedium> _media = [];
    private readonly Dictionary<SubmissionMode, (SimulatedHost Host, AdapterServer Server)>
        _machines = [];

    public NativeMachine()
    {
        try
        {
            Library = PreloadLibrary.Build();
            Program = _directory.File("superpipe-test");
            NativeCompilerRun.Compile(
                Path.Combine(AppContext.BaseDirectory, "Native", "programs"),
                ["-std=gnu11", "-O2", "-g", "-Wall", "-Wextra", "-Werror", "-o", Program],
                ["-ldl", "-lpthread"]);
        }
        catch (PreloadLibraryException exception) when (exception.Compiler is null)
        {
            Missing = exception.Message;
        }
    }

    /// <summary>Why native programs cannot be tried here; null if they can.</summary>
    internal string? Missing { get; }

    internal string Library { get; } = "";

    internal string Program { get; } = "";

    /// <summary>Skips the test that asks where native programs cannot be run.</summary>
    internal void Require()
    {
        Assert.SkipUnless(Missing is null, Missing ?? "");
        Assert.SkipUnless(
            RuntimeInformation.ProcessArchitecture == Architecture.X64,
            "Trapped registers are for x86-64.");
    }

    internal SimulatedHost Host(SubmissionMode mode) => Machine(mode).Host;

    internal string SocketPath(SubmissionMode mode) => Machine(mode).Server.SocketPath;

    /// <summary>How a program is started under the library.</summary>
    internal ProcessStartInfo Start(
        string program,
        SubmissionMode mode,
        PreloadRegisters registers,
        params string[] arguments) =>
        Start(SocketPath(mode), program, registers, arguments);

    /// <summary>The same, with a server of the test's own.</summary>
    internal ProcessStartInfo Start(
        string socketPath, string program, PreloadRegisters registers, string[] arguments)
    {
        ProcessStartInfo start = new(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        PreloadLibrary.Configure(start, Library, socketPath, registers);
        return start;
    }

    public void Dispose()
    {
        foreach ((SimulatedHost host, AdapterServer server) in _machines.Values)
        {
            server.Dispose();
            host.Dispose();
        }

        _media.ForEach(medium => medium.Dispose());
        _directory.Dispose();
    }

    private (SimulatedHost Host, AdapterServer Server) Machine(SubmissionMode mode)
    {
        if (!_machines.TryGetValue(mode, out (SimulatedHost, AdapterServer) machine))
        {
            SimulatedHost host = new(new SimulatedHostOptions
            {
                Adapters =
                [
                    new SimulatedAdapterOptions
                    {
                        Luns = [new(NewMedium(LunBytes)), new(NewMedium(OtherLunBytes))],
                        SubmissionMode = mode,
                        HandlesPerContext = 4096,
                    },
                ],
            });
            machine = (host, AdapterServer.Start(host, _directory.File($"{mode}.socket")));
            _machines.Add(mode, machine);
        }

        return machine;
    }

    private MemoryMedium NewMedium(long bytes)
    {
        MemoryMedium medium = new(bytes / Medium.BlockBytes);
        _media.Add(medium);
        return medium;
    }
}
