namespace FlashKV.Cli.Demo;

/// <summary>Opens the main store once more and compares all of it with the model.</summary>
internal sealed class ReopenStep : IDemoStep
{
    public void Run(DemoSession session)
    {
        long started = session.Time.GetTimestamp();
        using FlashStore store = session.OpenMain();
        TimeSpan elapsed = session.Time.GetElapsedTime(started);
        session.CheckAgainstModel(store);
        session.Print(
            "reopen",
            $"{session.Model.Count:N0} records, each as the model says; opened in "
            + $"{elapsed.TotalMilliseconds:0.0} ms");
    }
}
