namespace FlashKV.SimBackend;

/// <summary>The preload library cannot be built on this machine.</summary>
public sealed class PreloadLibraryException : Exception
{
    internal PreloadLibraryException(string message, string? compiler = null, string output = "")
        : base(message)
    {
        Compiler = compiler;
        Output = output;
    }

    /// <summary>The compiler that failed; <see langword="null"/> if none was found.</summary>
    public string? Compiler { get; }

    /// <summary>What the compiler printed.</summary>
    public string Output { get; }
}
