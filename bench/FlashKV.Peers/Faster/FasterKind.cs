using FlashKV.Workloads.Stores;

namespace FlashKV.Peers.Faster;

/// <summary>
/// FASTER (Microsoft.FASTER.Core), whose unflushed writes are lost with the process. A checkpoint
/// makes them durable, but it is no property of a write.
/// </summary>
internal sealed class FasterKind : IStoreKind
{
    public string Name => "faster";

    public IReadOnlyList<DurabilityClass> Classes { get; } = [DurabilityClass.MemoryOnly];

    public IStore Open(StoreSetup setup) => new FasterStore(setup);
}
