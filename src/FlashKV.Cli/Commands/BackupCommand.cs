using System.CommandLine;
using FlashKV.Cli.Terminal;
using FlashKV.Cli.Text;

namespace FlashKV.Cli.Commands;

/// <summary><c>flashkv backup</c>: adds a backup of a store to a directory.</summary>
internal sealed class BackupCommand : ToolCommand
{
    private readonly Argument<string> _directory;

    private readonly Argument<string> _backups = new("BACKUPS")
    {
        Description =
            "The directory of the store's backups; made if it is not there. What earlier ones have "
            + "is not copied again.",
    };

    private readonly Option<bool> _quiet = new("--quiet", "-q")
    {
        Description = "No progress and no summary.",
    };

    private readonly ReadingOptions _reading;

    public BackupCommand(ToolEnvironment environment)
        : base("backup", "Add a backup, full or incremental, to a directory.", environment)
    {
        _directory = AddDirectory();
        Arguments.Add(_backups);
        Options.Add(_quiet);
        _reading = new ReadingOptions(this);
    }

    protected override int Run(ParseResult line)
    {
        string backups = line.GetRequiredValue(_backups);
        bool quiet = line.GetValue(_quiet);
        long started = Environment.Time.GetTimestamp();
        BackupBytes progress = new();
        using OpenedView store = _reading.Open(line, line.GetRequiredValue(_directory));
        BackupResult result = ProgressDisplay.Run(
            Environment,
            quiet,
            $"backup {backups}",
            null,
            sink => store.BackUp(backups, progress.To(sink), Environment.Stop),
            "segments");
        if (!quiet)
        {
            TimeSpan elapsed = Environment.Time.GetElapsedTime(started);
            Environment.Say($"backup {result.Number}: "
                + $"{Quantity.Count(result.Segments, "segment")}, {Quantity.Bytes(result.Bytes)}; "
                + $"{result.SegmentsCopied} copied, {Quantity.Bytes(result.BytesCopied)} in "
                + Quantity.Seconds(elapsed));
        }

        return ExitCode.Success;
    }
}
