namespace FlashKV.Workloads.Stores;

/// <summary>
/// The ceiling of what is in memory: the same bytes of index and records in the same random order,
/// and nothing around them. No hash, no comparison, no growth, no safety.
/// </summary>
internal sealed class BareKind : IStoreKind
{
    public const string CeilingName = "ceiling";

    public string Name => CeilingName;

    public IReadOnlyList<DurabilityClass> Classes { get; } = [DurabilityClass.MemoryOnly];

    public IStore Open(StoreSetup setup) => new BareMemory(setup);
}
