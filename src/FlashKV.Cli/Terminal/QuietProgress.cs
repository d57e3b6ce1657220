namespace FlashKV.Cli.Terminal;

/// <summary>No progress; messages only.</summary>
internal sealed class QuietProgress(ToolEnvironment environment) : IProgressSink
{
    public void Report(long records, long bytes)
    {
    }

    public void Say(string message) => environment.Say(message);
}
