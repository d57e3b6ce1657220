namespace FlashKV.Cli.Terminal;

/// <summary>
/// What the tool has to do with the world outside: streams, time, and the wish to stop.
/// </summary>
internal sealed record ToolEnvironment
{
    /// <summary>How every message of the tool begins.</summary>
    public const string MessagePrefix = "flashkv: ";

    /// <summary>Standard input.</summary>
    public required Stream Input { get; init; }

    /// <summary>Standard output; nothing is held back in it.</summary>
    public required Stream Output { get; init; }

    /// <summary>Standard error: messages and progress.</summary>
    public required TextWriter Error { get; init; }

    /// <summary>Whether standard error can show progress that moves.</summary>
    public bool ErrorIsTerminal { get; init; }

    /// <summary>The clock.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>Cancelled when the user wants the tool to stop.</summary>
    public CancellationToken Stop { get; init; }

    /// <summary>Writes a line to standard output.</summary>
    public void WriteLine(string line) =>
        Output.Write(System.Text.Encoding.UTF8.GetBytes(line + "\n"));

    /// <summary>Writes a message of the tool to standard error.</summary>
    public void Say(string message) => Error.WriteLine(MessagePrefix + message);
}
