using FlashKV.Log;
using FlashKV.Snapshots;
using FlashKV.Superpipe;

namespace FlashKV.Clones;

/// <summary>
/// What is handed to another process that reads a clone: where the device is, and what the ordinary
/// recovery needs besides.
/// </summary>
internal sealed record CloneView
{
    /// <summary>What the superblock of the store says, but for its grants.</summary>
    public required Superblock Superblock { get; init; }

    /// <summary>When the cut was taken, in milliseconds since the Unix epoch.</summary>
    public required long CreatedMilliseconds { get; init; }

    /// <summary>When it is given up, in milliseconds since the Unix epoch; 0 for never.</summary>
    public required long ExpiresMilliseconds { get; init; }

    public required StorePlace Place { get; init; }

    public required CloneShard[] Shards { get; init; }

    /// <summary>Describes a cut.</summary>
    public static CloneView Of(
        StoreCut cut, Superblock superblock, StorePlace place, DateTimeOffset? expires)
    {
        var shards = new CloneShard[cut.Shards.Length];
        for (int i = 0; i < shards.Length; i++)
        {
            ShardCut shard = cut.Shards[i];
            shards[i] = new CloneShard(
                shard.Sequence,
                [.. shard.Extents.Select(static extent => new CloneSegment(
                    extent.Segment.Slot, extent.Segment.Id, extent.End))]);
        }

        return new CloneView
        {
            Superblock = superblock with { Generation = 0, Grants = [] },
            CreatedMilliseconds = cut.TakenAt.ToUnixTimeMilliseconds(),
            ExpiresMilliseconds = expires?.ToUnixTimeMilliseconds() ?? 0,
            Place = place,
            Shards = shards,
        };
    }

    /// <summary>What a superblock would say of the clones of the shards' LUNs.</summary>
    public Superblock SuperblockOf(ReadOnlySpan<VirtualLun> luns)
    {
        List<ushort> grants = [];
        for (int shard = 0; shard < luns.Length; shard++)
        {
            grants.AddRange(Enumerable.Repeat(
                (ushort)shard, (int)(luns[shard].BlockCount / LogGeometry.ChunkBlocks)));
        }

        return Superblock with { Grants = [.. grants] };
    }
}
