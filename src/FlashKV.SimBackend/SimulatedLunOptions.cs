namespace FlashKV.SimBackend;

/// <summary>
/// A LUN of a <see cref="SimulatedAdapter"/>: a medium and how the adapter reaches it.
/// </summary>
/// <param name="Medium">
/// Where the bytes are. The adapter does not dispose of it.
/// </param>
public sealed record class SimulatedLunOptions(Medium Medium)
{
    /// <summary>The length of a world-wide identifier in bytes.</summary>
    public const int WwidLength = 16;

    /// <summary>
    /// The world-wide identifier (page 83, NAA 6), 16 bytes; empty to have one made. LUNs of several
    /// adapters of one <see cref="SimulatedHost"/> with the same medium are one LUN, and so have the
    /// same identifier.
    /// </summary>
    public ReadOnlyMemory<byte> Wwid { get; init; }

    /// <summary>
    /// The mask of the adapter's ports that lead to the LUN: bit 0 is port 0. 0, the default, means
    /// all ports.
    /// </summary>
    public int PortMask { get; init; }

    /// <summary>The length of one of the LUN's own blocks in bytes: 4,096 or 512.</summary>
    public int BlockBytes { get; init; } = Medium.BlockBytes;

    /// <summary>
    /// Whether the LUN starts in superpipe mode. A legacy LUN must be switched by MANAGE_LUN before
    /// it can be attached.
    /// </summary>
    public bool IsSuperpipe { get; init; } = true;
}
