using FlashKV.Log;

namespace FlashKV.Backup;

/// <summary>What a backup consists of: all that is needed to make its store again.</summary>
internal sealed record BackupManifest
{
    /// <summary>
    /// What the superblock of the store says, but for its grants; what is restored has a later
    /// session.
    /// </summary>
    public required Superblock Superblock { get; init; }

    /// <summary>The moment that the backup is of, in milliseconds since the Unix epoch.</summary>
    public required long CreatedMilliseconds { get; init; }

    public required BackupShard[] Shards { get; init; }

    public StoreId Store => Superblock.Store;

    public int SegmentBytes => Superblock.SegmentBytes;

    public long SegmentCount => Shards.Sum(static shard => (long)shard.Segments.Length);

    public long Bytes =>
        Shards.Sum(static shard => shard.Segments.Sum(static segment => (long)segment.Bytes));

    /// <summary>The chunks that the segments of a shard need.</summary>
    public int ChunksOf(int shard)
    {
        int perChunk = new LogGeometry(SegmentBytes).SlotsPerChunk;
        return Shards[shard].Segments
            .Select(segment => (segment.Slot / perChunk) + 1).DefaultIfEmpty().Max();
    }
}
