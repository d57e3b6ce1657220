using System.CommandLine;
using FlashKV.Workloads.Comparing;
using FlashKV.Workloads.Stores;

namespace FlashKV.Workloads.Limits;

/// <summary><c>limits</c>: memory and disk of this machine, with no store between.</summary>
internal sealed class LimitsCommand(IReadOnlyList<IStoreKind> kinds) : StoreCommand(
    "limits",
    "What memory and disk of this machine can do, with no store between.",
    kinds,
    new StoreDefaults(0, 0, [1], 2))
{
    protected override void Run(ParseResult line, StoreContest contest) =>
        new MachineLimits(contest).Measure();
}
