namespace FlashKV.Simulation.Machines;

/// <summary>What a simulated machine is like.</summary>
internal sealed record MachineOptions
{
    public int Shards { get; init; } = 1;

    public int SegmentBytes { get; init; } = 256 << 10;

    /// <summary>Bits of the key hash to keep; few make keys collide.</summary>
    public ulong HashMask { get; init; } = ulong.MaxValue;

    /// <summary>The chunks of the device: one for the superblock, and those of the shards.</summary>
    public int Chunks { get; init; } = 6;

    /// <summary>How many blocks the device has room for.</summary>
    public long SpaceLimitBlocks { get; init; } = long.MaxValue;

    /// <summary>Where the identity of the store comes from.</summary>
    public int StoreSeed { get; init; } = 1;
}
