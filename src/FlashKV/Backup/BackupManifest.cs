using FlashKV.Log;

namespace FlashKV.Backup;

/// <summary>What a backup consists of: all that is needed to make its store again.</summary>
internal sealed record BackupManifest
{
    public required StoreId Store { get; init; }

    public required int SegmentBytes { get; init; }

    /// <summary>The seed of the hash of keys.</summary>
    public required ulong HashSeed { get; init; }

    /// <summary>The session of the store; what is restored has a later one.</summary>
    public required uint Session { get; init; }

    /// <summary>When the store was created, in milliseconds since the Unix epoch.</summary>
    public required long StoreCreatedMilliseconds { get; init; }

    /// <summary>The moment that the backup is of, in milliseconds since the Unix epoch.</summary>
    public required long CreatedMilliseconds { get; init; }

    public required BackupShard[] Shards { get; init; }

    public long SegmentCount => Shards.Sum(static shard => (long)shard.Segments.Length);

    public long Bytes =>
        Shards.Sum(static shard => shard.Segments.Sum(static segment => (long)segment.Bytes));

    /// <summary>The superblock of the store, before it was granted a chunk.</summary>
    public Superblock ToSuperblock() => new()
    {
        Store = Store,
        ShardCount = Shards.Length,
        SegmentBytes = SegmentBytes,
        HashSeed = HashSeed,
        CreatedMilliseconds = StoreCreatedMilliseconds,
        Session = Session,
    };

    /// <summary>The chunks that the segments of a shard need.</summary>
    public int ChunksOf(int shard)
    {
        int perChunk = new LogGeometry(SegmentBytes).SlotsPerChunk;
        return Shards[shard].Segments
            .Select(segment => (segment.Slot / perChunk) + 1).DefaultIfEmpty().Max();
    }
}
