namespace FlashKV.Cli.Terminal;

/// <summary>
/// Picks how progress is shown: a moving bar, a line now and then, or not at all.
/// </summary>
internal static class ProgressDisplay
{
    /// <summary>
    /// Runs <paramref name="work"/> and shows its progress on standard error. <paramref
    /// name="totalBytes"/> is null where the end is not known.
    /// </summary>
    public static T Run<T>(
        ToolEnvironment environment,
        bool quiet,
        string title,
        long? totalBytes,
        Func<IProgressSink, T> work,
        string unit = "records")
    {
        if (quiet)
        {
            return work(new QuietProgress(environment));
        }

        return environment.ErrorIsTerminal
            ? TerminalProgress.Run(environment, title, totalBytes, unit, work)
            : work(new PlainProgress(environment, title, totalBytes, unit));
    }
}
