using FlashKV.Analytics;
using FlashKV.Cli.Terminal;

namespace FlashKV.Cli;

/// <summary>Turns whatever went wrong into an exit code and one line for the user.</summary>
internal static class FailureReport
{
    /// <summary>
    /// Says on standard error what <paramref name="failure"/> was, and answers the exit code. With
    /// <c>FLASHKV_DEBUG=1</c> in the environment the whole exception follows.
    /// </summary>
    public static int Write(Exception failure, ToolEnvironment environment)
    {
        if (failure is BrokenPipeException)
        {
            return ExitCode.BrokenPipe;
        }

        environment.Say(Message(failure));
        if (Environment.GetEnvironmentVariable("FLASHKV_DEBUG") == "1")
        {
            environment.Error.WriteLine(failure);
        }

        return Code(failure);
    }

    /// <summary>The exit code that stands for <paramref name="failure"/>.</summary>
    public static int Code(Exception failure) => failure switch
    {
        ToolException tool => tool.ExitCode,
        BrokenPipeException => ExitCode.BrokenPipe,
        StoreLockedException => ExitCode.Locked,
        NotAStoreException or CloneRefusedException => ExitCode.NoInput,
        CorruptStoreException or StoreVersionException or TableColumnException =>
            ExitCode.DataError,
        FileNotFoundException or DirectoryNotFoundException => ExitCode.NoInput,
        InvalidDataException => ExitCode.DataError,
        UnauthorizedAccessException or IOException => ExitCode.InputOutput,
        InsufficientMemoryException => ExitCode.InputOutput,
        _ => ExitCode.Software,
    };

    /// <summary>One line that begins small and has no full stop.</summary>
    public static string Message(Exception failure)
    {
        string text = failure.Message.ReplaceLineEndings(" ").TrimEnd('.');
        return failure is ToolException ? text
            : Code(failure) == ExitCode.Software ? $"{failure.GetType().Name}: {Begun(text)}"
            : Begun(text);
    }

    /// <summary>What a library has refused, in the same shape.</summary>
    public static string Refusal(Exception refusal) =>
        // The parameter's name means nothing on a command line.
        Begun(refusal.Message.Split(" (Parameter", 2)[0].TrimEnd('.'));

    private static string Begun(string text) =>
        text is [char first, char second, ..] && char.IsUpper(first) && !char.IsUpper(second)
            ? char.ToLowerInvariant(first) + text[1..] : text;
}
