using System.CommandLine;
using FlashKV.Workloads.Harness;

namespace FlashKV.Workloads.Served;

/// <summary><c>served</c>: what a command costs a client of a server.</summary>
internal sealed class ServedCommand()
    : WorkloadCommand("served", "What a block command costs a client of a served adapter.")
{
    protected override void Run(ParseResult line, Report report) =>
        new ServedWorkload(report).Run();
}
