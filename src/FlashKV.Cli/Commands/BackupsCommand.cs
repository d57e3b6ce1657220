using System.CommandLine;
using System.Globalization;
using FlashKV.Cli.Terminal;
using FlashKV.Cli.Text;

namespace FlashKV.Cli.Commands;

/// <summary><c>flashkv backups</c>: lists, checks and takes away backups.</summary>
internal sealed class BackupsCommand : ToolCommand
{
    private readonly Argument<string> _backups = new("BACKUPS")
    {
        Description = "The directory of the backups.",
    };

    private readonly Option<bool> _verify = new("--verify")
    {
        Description = "Read all of them and check every record.",
    };

    private readonly Option<int?> _keep = new("--keep")
    {
        Description = "Take all but so many of the latest away, and what only they need.",
        HelpName = "N",
    };

    private readonly Option<bool> _quiet = new("--quiet", "-q")
    {
        Description = "No progress.",
    };

    public BackupsCommand(ToolEnvironment environment)
        : base(
            "backups", "List the backups in a directory, check them or thin them out.", environment)
    {
        Arguments.Add(_backups);
        Options.Add(_verify);
        Options.Add(_keep);
        Options.Add(_quiet);
        _keep.Validators.Add(static keep =>
        {
            if (keep.GetValueOrDefault<int?>() < 1)
            {
                keep.AddError("--keep: one backup stays at least.");
            }
        });
    }

    protected override int Run(ParseResult line)
    {
        string backups = line.GetRequiredValue(_backups);
        if (line.GetValue(_keep) is { } keep)
        {
            StoreBackup.Prune(backups, keep);
        }

        foreach (BackupInfo backup in StoreBackup.List(backups))
        {
            string created = backup.CreatedAt.ToString("u", CultureInfo.InvariantCulture);
            Environment.WriteLine($"{backup.Number}\t{created}\t"
                + $"{Quantity.Count(backup.Segments, "segment")}\t{Quantity.Bytes(backup.Bytes)}");
        }

        return line.GetValue(_verify) ? Verify(backups, line.GetValue(_quiet)) : ExitCode.Success;
    }

    private int Verify(string backups, bool quiet)
    {
        BackupBytes progress = new();
        IReadOnlyList<BackupProblem> problems = ProgressDisplay.Run(
            Environment,
            quiet,
            $"verify {backups}",
            null,
            sink => StoreBackup.Verify(backups, progress.To(sink), Environment.Stop),
            "segments");
        foreach (BackupProblem problem in problems)
        {
            Environment.WriteLine($"backup {problem.Backup}: {problem.File}: {problem.Problem}");
        }

        Environment.WriteLine(problems.Count == 0
            ? "all backups are whole"
            : Quantity.Count(problems.Count, "damaged file"));
        return problems.Count == 0 ? ExitCode.Success : ExitCode.Absent;
    }
}
