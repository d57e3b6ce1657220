using System.CommandLine;
using FlashKV.Workloads.Harness;

namespace FlashKV.Workloads.Resets;

/// <summary><c>resets</c>: full load while the adapter is reset, and while commands fail.</summary>
internal sealed class ResetsCommand : WorkloadCommand
{
    private readonly Option<DirectoryInfo?> _directory = new("--directory")
    {
        Description = "Where the file medium goes; a temporary directory if not given.",
    };

    public ResetsCommand()
        : base("resets", "Full load under resets of the adapter and under failing commands.")
    {
        Options.Add(_directory);
    }

    protected override void Run(ParseResult line, Report report) =>
        new ResetsWorkload(report, line.GetValue(_directory)?.FullName).Run();
}
