namespace FlashKV.Workloads.Stores;

/// <summary>
/// A second limit, which touches as many cache lines as FlashKV does: a hash index of cache lines,
/// records of the length of FlashKV's, values copied. Nothing grows, and nothing is safe.
/// </summary>
internal sealed class LineKind : IStoreKind
{
    public const string KindName = "lines";

    public string Name => KindName;

    public IReadOnlyList<DurabilityClass> Classes { get; } = [DurabilityClass.MemoryOnly];

    public IStore Open(StoreSetup setup) => new LineMemory(setup);
}
