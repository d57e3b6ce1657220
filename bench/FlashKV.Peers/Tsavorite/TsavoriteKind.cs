using FlashKV.Workloads.Stores;

namespace FlashKV.Peers.Tsavorite;

/// <summary>
/// Tsavorite, FASTER's successor, which Microsoft.Garnet carries. Unflushed writes are lost with
/// the process.
/// </summary>
internal sealed class TsavoriteKind : IStoreKind
{
    public string Name => "tsavorite";

    public IReadOnlyList<DurabilityClass> Classes { get; } = [DurabilityClass.MemoryOnly];

    public IStore Open(StoreSetup setup) => new TsavoriteStore(setup);
}
