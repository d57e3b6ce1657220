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
    public required StoreId Store { get; init; }

    public required int SegmentBytes { get; init; }

    public required ulong HashSeed { get; init; }

    public required uint Session { get; init; }

    /// <summary>When the store was created, in milliseconds since the Unix epoch.</summary>
    public required long StoreCreatedMilliseconds { get; init; }

    /// <summary>When the cut was taken, in milliseconds since the Unix epoch.</summary>
    public required long CreatedMilliseconds { get; init; }

    /// <summary>When it is given up, in milliseconds since the Unix epoch; 0 for never.</summary>
    public required long ExpiresMilliseconds { get; init; }

    /// <summary>The directory of the store.</summary>
    public required string Directory { get; init; }

    /// <summary>
    /// Where the driver of the embedded default is served; empty if the store has another device.
    /// </summary>
    public required string DriverAddress { get; init; }

    /// <summary>The path of the device at that driver; empty for another device.</summary>
    public required string DevicePath { get; init; }

    public required CloneShard[] Shards { get; init; }

    /// <summary>Describes a cut.</summary>
    public static CloneView Of(
        StoreCut cut, Superblock superblock, StorePlace source, long created, long expires)
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
            Store = superblock.Store,
            SegmentBytes = superblock.SegmentBytes,
            HashSeed = superblock.HashSeed,
            Session = superblock.Session,
            StoreCreatedMilliseconds = superblock.CreatedMilliseconds,
            CreatedMilliseconds = created,
            ExpiresMilliseconds = expires,
            Directory = source.Directory,
            DriverAddress = source.DriverAddress,
            DevicePath = source.DevicePath,
            Shards = shards,
        };
    }

    /// <summary>What a superblock would say of the clones of the shards' LUNs.</summary>
    public Superblock ToSuperblock(VirtualLun[] luns) => new()
    {
        Store = Store,
        ShardCount = Shards.Length,
        SegmentBytes = SegmentBytes,
        HashSeed = HashSeed,
        CreatedMilliseconds = StoreCreatedMilliseconds,
        Session = Session,
        Grants = [.. luns.SelectMany(static (lun, shard) => Enumerable.Repeat(
            (ushort)shard, (int)(lun.BlockCount / LogGeometry.ChunkBlocks)))],
    };
}
