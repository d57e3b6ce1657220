using FlashKV.Cli.Terminal;
using FlashKV.Cli.Text;

namespace FlashKV.Cli.Demo;

/// <summary>A run of the demonstration from its first line to its last.</summary>
internal static class DemoRun
{
    /// <summary>The steps, in order.</summary>
    public static IReadOnlyList<IDemoStep> AllSteps =>
    [
        new LoadStep(), new ReadStep(), new UpdateStep(), new BatchStep(), new ReopenStep(),
        new ResetStep(), new KillStep(), new CompactStep(), new VerifyStep(), new ReopenStep(),
    ];

    /// <summary>
    /// Runs <paramref name="steps"/>; the last line is <c>demo: OK</c> only if every check held.
    /// </summary>
    public static int Run(
        ToolEnvironment environment,
        DemoDirectory directory,
        int seed,
        IReadOnlyList<IDemoStep> steps)
    {
        CharacterTable table = CharacterTable.Load();
        environment.WriteLine(
            $"FlashKV demo: {table.Records.Count:N0} records of UnicodeData.txt 15.0.0, "
            + $"seed {seed}, in {directory.Path}");
        long started = environment.Time.GetTimestamp();
        try
        {
            RunSteps(new DemoSession(environment, table, directory.Path, seed), steps);
        }
        catch (CheckFailedException failure)
        {
            directory.Keep();
            environment.WriteLine($"the stores are left in {directory.Path}");
            environment.WriteLine($"demo: FAILED: it does not hold that {failure.Message}");
            return ExitCode.Absent;
        }

        TimeSpan elapsed = environment.Time.GetElapsedTime(started);
        environment.WriteLine($"all checks held, in {Quantity.Seconds(elapsed)}");
        environment.WriteLine("demo: OK");
        return ExitCode.Success;
    }

    private static void RunSteps(DemoSession session, IReadOnlyList<IDemoStep> steps)
    {
        foreach (IDemoStep step in steps)
        {
            session.Stop.ThrowIfCancellationRequested();
            step.Run(session);
        }
    }
}
