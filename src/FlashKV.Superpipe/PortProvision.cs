namespace FlashKV.Superpipe;

/// <summary>The LUNs of a port of the adapter, as its registers state them.</summary>
/// <param name="MaxLuns">How many LUNs there may be.</param>
/// <param name="Luns">How many there are.</param>
/// <param name="MaxCapacity">The capacity that they may have together, in 4,096-byte blocks.</param>
/// <param name="Capacity">The capacity that they have.</param>
public readonly record struct PortProvision(
    long MaxLuns, long Luns, long MaxCapacity, long Capacity);
