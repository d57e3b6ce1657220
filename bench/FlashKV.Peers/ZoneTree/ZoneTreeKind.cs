using FlashKV.Workloads.Stores;

namespace FlashKV.Peers.ZoneTree;

/// <summary>ZoneTree, whose write-ahead log is written for each put and not synced.</summary>
internal sealed class ZoneTreeKind : IStoreKind
{
    public string Name => "zonetree";

    public IReadOnlyList<DurabilityClass> Classes { get; } =
        [DurabilityClass.MemoryOnly, DurabilityClass.KilledProcess];

    public IStore Open(StoreSetup setup) => new ZoneTreeStore(setup);
}
