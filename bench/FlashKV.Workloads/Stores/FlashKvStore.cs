namespace FlashKV.Workloads.Stores;

/// <summary>An open store of this kind.</summary>
internal sealed class FlashKvStore(FlashStore store, FlashStoreOptions options, StoreSetup setup)
    : IStore
{
    public string Settings =>
        $"{options.Durability}, budget {options.MemoryBudget >> 20:N0} MiB, "
        + $"{store.GetStatistics().Shards} shards, segments of "
        + $"{store.GetStatistics().SegmentBytes >> 10:N0} KiB, flush interval "
        + $"{options.FlushInterval.TotalMilliseconds:N0} ms, space amplification "
        + $"{options.SpaceAmplification}";

    public bool IsOrdered => false;

    public IStoreSession OpenSession() => new FlashKvSession(store, setup.ValueBytes);

    public void Flush() => store.Flush();

    public void Settle() => store.Flush();

    public void Dispose() => store.Dispose();
}
