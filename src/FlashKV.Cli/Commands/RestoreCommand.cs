using System.CommandLine;
using FlashKV.Cli.Terminal;
using FlashKV.Cli.Text;

namespace FlashKV.Cli.Commands;

/// <summary><c>flashkv restore</c>: makes a store of a backup.</summary>
internal sealed class RestoreCommand : ToolCommand
{
    private readonly Argument<string> _backups = new("BACKUPS")
    {
        Description = "The directory of the backups.",
    };

    private readonly Argument<string> _destination = new("DIR")
    {
        Description = "The directory of the new store: empty, or not there.",
    };

    private readonly Option<int?> _number = new("--backup")
    {
        Description = "The number of the backup; the latest if not given.",
        HelpName = "N",
    };

    private readonly Option<bool> _quiet = new("--quiet", "-q")
    {
        Description = "No progress and no summary.",
    };

    private readonly StoreOptions _store;

    public RestoreCommand(ToolEnvironment environment)
        : base("restore", "Make a store of a backup.", environment)
    {
        Arguments.Add(_backups);
        Arguments.Add(_destination);
        Options.Add(_number);
        Options.Add(_quiet);
        _store = StoreOptions.ForRestoring(this);
    }

    protected override int Run(ParseResult line)
    {
        string backups = line.GetRequiredValue(_backups);
        string destination = line.GetRequiredValue(_destination);
        bool quiet = line.GetValue(_quiet);
        NewStore.CheckDirectory(destination);
        FlashStoreOptions store = _store.Options(line);
        long started = Environment.Time.GetTimestamp();
        BackupBytes progress = new();
        ProgressDisplay.Run(Environment, quiet, $"restore {destination}", null, sink =>
        {
            StoreBackup.Restore(
                backups,
                destination,
                line.GetValue(_number),
                progress.To(sink),
                store,
                Environment.Stop);
            return 0;
        }, "segments");
        if (!quiet)
        {
            TimeSpan elapsed = Environment.Time.GetElapsedTime(started);
            Environment.Say($"{Quantity.Count(progress.Segments, "segment")} restored, "
                + $"{Quantity.Bytes(progress.Bytes)} in {Quantity.Seconds(elapsed)}");
        }

        return ExitCode.Success;
    }
}
