using System.CommandLine;
using FlashKV.Workloads.Harness;

namespace FlashKV.Workloads.Rooms;

/// <summary><c>rooms</c>: what a command costs beside the copy that it asks for.</summary>
internal sealed class RoomsCommand()
    : WorkloadCommand("rooms", "What a block command costs on top of the bare copy, in memory.")
{
    protected override void Run(ParseResult line, Report report) =>
        new RoomsWorkload(report).Run();
}
