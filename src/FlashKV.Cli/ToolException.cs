namespace FlashKV.Cli;

/// <summary>A failure that is already put into words for the user, with its exit code.</summary>
internal sealed class ToolException : Exception
{
    public ToolException(int exitCode, string message, Exception? cause = null)
        : base(message, cause) => ExitCode = exitCode;

    /// <summary>One of <see cref="Cli.ExitCode"/>.</summary>
    public int ExitCode { get; }
}
