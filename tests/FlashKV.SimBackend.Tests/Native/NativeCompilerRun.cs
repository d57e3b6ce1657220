using FlashKV.SimBackend.Sharing;

namespace FlashKV.SimBackend.Tests.Native;

/// <summary>Compiles the C sources of a directory.</summary>
internal static class NativeCompilerRun
{
    internal static void Compile(
        string directory,
        IEnumerable<string> options,
        IEnumerable<string> libraries,
        string? compiler = null)
    {
        IEnumerable<string> sources = Directory.GetFiles(directory, "*.c")
            .Order(StringComparer.Ordinal)
            .Select(file => Path.GetFileName(file)!);
        NativeCompiler.Find(compiler).Run([.. options, .. sources, .. libraries], directory);
    }
}
