using System.CommandLine;
using FlashKV.Cli.Terminal;
using FlashKV.Cli.Text;

namespace FlashKV.Cli.Commands;

/// <summary><c>flashkv verify</c>: reads a store from end to end and checks it.</summary>
internal sealed class VerifyCommand : ToolCommand
{
    private readonly Argument<string> _directory;

    private readonly Option<bool> _quiet = new("--quiet", "-q")
    {
        Description = "No progress.",
    };

    private readonly StoreOptions _store;

    public VerifyCommand(ToolEnvironment environment)
        : base("verify", "Read everything in a store and check every checksum.", environment)
    {
        _directory = AddDirectory();
        Options.Add(_quiet);
        _store = StoreOptions.ForReading(this);
    }

    protected override int Run(ParseResult line)
    {
        string directory = line.GetRequiredValue(_directory);
        try
        {
            using FlashStore store = _store.OpenExisting(line, directory);
            return Verify(store, directory, line.GetValue(_quiet));
        }
        catch (Exception damage) when (damage is CorruptStoreException
            or FlashStoreException { InnerException: IOException })
        {
            Environment.WriteLine(FailureReport.Message(damage));
            Examine(directory);
            Environment.Say($"'{directory}' is damaged: it cannot be opened");
            return ExitCode.Absent;
        }
    }

    // What stands in the way of opening may not be all that is damaged.
    private void Examine(string directory)
    {
        try
        {
            SalvageReport report = FlashStore.Examine(directory, null, Environment.Stop);
            SalvageLosses.Write(Environment, report);
            Environment.WriteLine(
                $"{Quantity.Count(report.Keys, "key")} can be saved by salvage; "
                + SalvageLosses.Describe(report));
        }
        catch (FlashStoreException failure)
        {
            Environment.WriteLine($"salvage: {FailureReport.Message(failure)}");
        }
    }

    private int Verify(FlashStore store, string directory, bool quiet)
    {
        FlashStoreStatistics figures = store.GetStatistics();
        VerifyReport report = ProgressDisplay.Run(
            Environment,
            quiet,
            $"verify {directory}",
            figures.LogBytes,
            progress => store.Verify(
                new SegmentProgress(progress, figures.SegmentBytes), Environment.Stop));
        foreach (VerifyProblem problem in report.Problems)
        {
            Environment.WriteLine(
                $"shard {problem.Shard}, block {problem.Lba}: {problem.Message}");
        }

        string problems = report.IsWhole
            ? "no problem" : Quantity.Count(report.Problems.Count, "problem");
        Environment.WriteLine(
            $"{Quantity.Count(report.Segments, "segment")}, "
            + $"{Quantity.Count(report.Records, "record")}, "
            + $"{Quantity.Count(report.Keys, "key")}: {problems}");
        if (report.IsWhole)
        {
            return ExitCode.Success;
        }

        Environment.Say($"'{directory}' is damaged");
        return ExitCode.Absent;
    }

    private sealed class SegmentProgress(IProgressSink progress, int segmentBytes)
        : IProgress<VerifyProgress>
    {
        public void Report(VerifyProgress value) =>
            progress.Report(value.Records, value.SegmentsDone * segmentBytes);
    }
}
