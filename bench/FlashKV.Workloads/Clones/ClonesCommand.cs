using System.CommandLine;
using FlashKV.Workloads.Harness;

namespace FlashKV.Workloads.Clones;

/// <summary><c>clones</c>: a writer beside another process that reads its clone.</summary>
internal sealed class ClonesCommand : WorkloadCommand
{
    private readonly Option<DirectoryInfo?> _directory = new("--directory")
    {
        Description = "Where the store goes; a temporary directory if not given.",
    };

    private readonly Option<int> _records = new("--records")
    {
        Description = "The records of 116 bytes that are loaded.",
        DefaultValueFactory = _ => 5_000_000,
    };

    private readonly Option<int> _rounds = new("--rounds")
    {
        Description = "How often each is run.",
        DefaultValueFactory = _ => 3,
    };

    private readonly Option<int> _seconds = new("--seconds")
    {
        Description = "How long each run of the writer takes.",
        DefaultValueFactory = _ => 10,
    };

    private readonly Option<bool> _noWriter = new("--no-writer")
    {
        Description = "Only how soon a clone is there and how fast it is scanned.",
    };

    public ClonesCommand()
        : base("clones", "YCSB A with and without another process that scans a clone.")
    {
        Options.Add(_directory);
        Options.Add(_records);
        Options.Add(_rounds);
        Options.Add(_seconds);
        Options.Add(_noWriter);
    }

    protected override void Run(ParseResult line, Report report)
    {
        string? given = line.GetValue(_directory)?.FullName;
        string home = given ?? Directory.CreateTempSubdirectory("flashkv-clones-").FullName;
        try
        {
            new ClonesWorkload(
                report,
                home,
                report.IsQuick ? 50_000 : line.GetValue(_records),
                report.IsQuick ? 1 : line.GetValue(_rounds),
                TimeSpan.FromSeconds(report.IsQuick ? 1 : line.GetValue(_seconds)),
                hasWriter: !line.GetValue(_noWriter)).Run();
        }
        finally
        {
            if (given is null)
            {
                Directory.Delete(home, recursive: true);
            }
        }
    }
}
