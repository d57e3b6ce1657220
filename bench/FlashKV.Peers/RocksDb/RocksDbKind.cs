using FlashKV.Workloads.Stores;

namespace FlashKV.Peers.RocksDb;

/// <summary>RocksDB, by the bindings of the package RocksDB.</summary>
internal sealed class RocksDbKind : IStoreKind
{
    public string Name => "rocksdb";

    public IReadOnlyList<DurabilityClass> Classes { get; } =
        [DurabilityClass.MemoryOnly, DurabilityClass.KilledProcess, DurabilityClass.PowerCut];

    public IStore Open(StoreSetup setup) => new RocksDbStore(setup);
}
