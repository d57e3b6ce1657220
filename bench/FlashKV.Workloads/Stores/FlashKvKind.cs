namespace FlashKV.Workloads.Stores;

/// <summary>This store.</summary>
internal sealed class FlashKvKind : IStoreKind
{
    public const string StoreName = "flashkv";

    public string Name => StoreName;

    public IReadOnlyList<DurabilityClass> Classes { get; } =
        [DurabilityClass.KilledProcess, DurabilityClass.PowerCut];

    public IStore Open(StoreSetup setup)
    {
        // Not cold: room for the log at its largest, so that the cache holds all of it.
        long memory = setup.MemoryBytes != 0
            ? setup.MemoryBytes
            : Math.Max(1L << 30, 2 * setup.Keys * (setup.KeyBytes + setup.ValueBytes + 64));
        FlashStoreOptions options = new()
        {
            MemoryBudget = memory,
            Durability = setup.Durability == DurabilityClass.PowerCut
                ? Durability.Durable
                : Durability.Buffered,
        };
        return new FlashKvStore(FlashStore.Open(setup.Directory, options), options, setup);
    }
}
