using FlashKV.SimBackend;

namespace FlashKV.Cli.Commands;

/// <summary>Which adapters there are, and which LUNs behind which of their ports.</summary>
/// <param name="Luns">The LUNs.</param>
/// <param name="Adapters">The adapters.</param>
internal sealed record AdapterTopology(
    IReadOnlyList<TopologyLun> Luns, IReadOnlyList<TopologyAdapter> Adapters);

/// <summary>A LUN.</summary>
internal sealed record TopologyLun
{
    /// <summary>What the adapters call it.</summary>
    public required string Name { get; init; }

    /// <summary>The file that it is kept in; without one it is in memory.</summary>
    public string? File { get; init; }

    /// <summary>Its size; 0 for that of a file that exists.</summary>
    public long Bytes { get; init; }

    /// <summary>Its own blocks: 4,096 or 512 bytes.</summary>
    public int BlockBytes { get; init; } = Medium.BlockBytes;

    /// <summary>Its identifier, or none to have one made.</summary>
    public ReadOnlyMemory<byte> Wwid { get; init; }

    /// <summary>What every batch of transfers takes longer.</summary>
    public TimeSpan Latency { get; init; }
}

/// <summary>An adapter.</summary>
internal sealed record TopologyAdapter
{
    /// <summary>The number of its ports.</summary>
    public int Ports { get; init; } = 2;

    /// <summary>How commands are handed over.</summary>
    public SubmissionMode Mode { get; init; }

    /// <summary>The resource handles of a context.</summary>
    public int Handles { get; init; } = 256;

    /// <summary>The number of contexts.</summary>
    public int Contexts { get; init; } = SimulatedAdapterOptions.MaxContexts;

    /// <summary>The command rooms of a context.</summary>
    public int Rooms { get; init; } = 512;

    /// <summary>Whether a reset shows as a unit attention.</summary>
    public bool ReportsResets { get; init; } = true;

    /// <summary>Its LUNs, in the order of their numbers.</summary>
    public required IReadOnlyList<TopologyPath> Luns { get; init; }
}

/// <summary>A LUN on an adapter.</summary>
/// <param name="Lun">Its name.</param>
/// <param name="PortMask">The ports that lead to it; 0 for all.</param>
/// <param name="IsSuperpipe">Whether it starts in superpipe mode.</param>
internal sealed record TopologyPath(string Lun, int PortMask = 0, bool IsSuperpipe = true);
