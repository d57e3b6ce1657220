using System.CommandLine;
using FlashKV.Cli.Terminal;
using FlashKV.Cli.Text;

namespace FlashKV.Cli.Commands;

/// <summary><c>flashkv salvage</c>: saves what a damaged store still has into a new one.</summary>
internal sealed class SalvageCommand : ToolCommand
{
    private readonly Argument<string> _directory;

    private readonly Argument<string> _destination = new("DEST")
    {
        Description = "The directory of the new store: empty, or not there.",
    };

    private readonly Option<bool> _quiet = new("--quiet", "-q")
    {
        Description = "No progress.",
    };

    private readonly StoreOptions _store;

    public SalvageCommand(ToolEnvironment environment)
        : base(
            "salvage",
            "Save what a damaged store still has into a new one, and list what is lost.",
            environment)
    {
        _directory = AddDirectory();
        Arguments.Add(_destination);
        Options.Add(_quiet);
        _store = StoreOptions.ForMaking(this);
    }

    protected override int Run(ParseResult line)
    {
        string directory = line.GetRequiredValue(_directory);
        string destination = line.GetRequiredValue(_destination);
        FlashStoreOptions options = _store.Options(line);
        NewStore.CheckDirectory(destination);
        SalvageReport report = ProgressDisplay.Run(
            Environment,
            line.GetValue(_quiet),
            $"salvage {directory}",
            null,
            progress => FlashStore.Salvage(
                directory, destination, options, new RecordProgress(progress), Environment.Stop));
        SalvageLosses.Write(Environment, report);
        Environment.WriteLine(
            $"{Quantity.Count(report.Keys, "key")} recovered from "
            + $"{Quantity.Count(report.Segments, "segment")}; "
            + SalvageLosses.Describe(report));
        return report.IsWhole ? ExitCode.Success : ExitCode.Absent;
    }

    private sealed class RecordProgress(IProgressSink progress) : IProgress<SalvageProgress>
    {
        public void Report(SalvageProgress value) => progress.Report(value.Records, 0);
    }
}
