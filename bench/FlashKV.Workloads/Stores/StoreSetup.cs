namespace FlashKV.Workloads.Stores;

/// <summary>What a store is opened for.</summary>
/// <param name="Directory">Where its files go; it exists.</param>
/// <param name="Durability">The class of its writes; one that its kind has.</param>
/// <param name="Keys">The records that it will hold.</param>
/// <param name="KeyBytes">The bytes of a key.</param>
/// <param name="ValueBytes">The bytes of a value.</param>
/// <param name="MemoryBytes">
/// The memory that it may use for data, index and caches together; 0: as much as serves it best.
/// </param>
internal sealed record class StoreSetup(
    string Directory,
    DurabilityClass Durability,
    long Keys,
    int KeyBytes,
    int ValueBytes,
    long MemoryBytes)
{
    /// <summary>The bytes of all keys and values.</summary>
    public long UserBytes => Keys * (KeyBytes + ValueBytes);

    /// <summary>Whether the data has to be larger than the memory.</summary>
    public bool IsCold => MemoryBytes != 0 && MemoryBytes < UserBytes;
}
