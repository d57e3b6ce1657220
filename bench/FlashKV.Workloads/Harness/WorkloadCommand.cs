using System.CommandLine;

namespace FlashKV.Workloads.Harness;

/// <summary>A verb: a workload that ends in a <see cref="Report"/>.</summary>
internal abstract class WorkloadCommand : Command
{
    private readonly Option<FileInfo?> _json = new("--json")
    {
        Description = "Also write the report to this file, as JSON.",
        HelpName = "FILE",
    };

    private readonly Option<bool> _quick = new("--quick")
    {
        Description = "Only show that it runs: tiny sizes, under a minute.",
    };

    protected WorkloadCommand(string name, string description)
        : base(name, description)
    {
        Options.Add(_json);
        Options.Add(_quick);
        SetAction(Run);
    }

    /// <summary>Does the work.</summary>
    /// <param name="line">The verb's own options.</param>
    /// <param name="report">Gets the findings; it knows whether the run is quick.</param>
    protected abstract void Run(ParseResult line, Report report);

    private int Run(ParseResult line)
    {
        Report report = new(Name, line.GetValue(_quick));
        Run(line, report);
        report.WriteText(Console.Out);
        if (line.GetValue(_json) is { } file)
        {
            report.WriteJson(file.FullName);
        }

        return 0;
    }
}
