namespace FlashKV;

/// <summary>
/// Figures of an open store. Each is right by itself; together they are not one moment.
/// </summary>
/// <param name="Keys">The keys.</param>
/// <param name="Shards">The shards.</param>
/// <param name="SegmentBytes">The bytes of a segment.</param>
/// <param name="Chunks">The chunks of 256 MiB that the shards were granted.</param>
/// <param name="Segments">The segments in use.</param>
/// <param name="FreeSegments">The free segments within the granted chunks.</param>
/// <param name="LiveBytes">The bytes of the records that the index points to.</param>
/// <param name="TombstoneBytes">The bytes of the tombstones that are kept.</param>
/// <param name="LogBytes">The bytes of the segments in use.</param>
/// <param name="IndexBytes">The memory of the index.</param>
/// <param name="MemoryUsedBytes">The memory taken from the budget.</param>
/// <param name="MemoryBudgetBytes">The budget.</param>
/// <param name="CompactedSegments">The segments compacted since the store was opened.</param>
/// <param name="CompactionMovedBytes">The bytes that compaction moved since then.</param>
/// <param name="Snapshots">The snapshots that are open, those of scans among them.</param>
/// <param name="SnapshotHeldBytes">
/// The bytes that are not live and stay because snapshots and clones hold their segments.
/// </param>
/// <param name="SnapshotMemoryBytes">The memory of the budget that snapshots take.</param>
/// <param name="Clones">The clones that other processes read, or are about to.</param>
/// <param name="OpenTime">How long opening took.</param>
public readonly record struct FlashStoreStatistics(
    long Keys,
    int Shards,
    int SegmentBytes,
    int Chunks,
    long Segments,
    long FreeSegments,
    long LiveBytes,
    long TombstoneBytes,
    long LogBytes,
    long IndexBytes,
    long MemoryUsedBytes,
    long MemoryBudgetBytes,
    long CompactedSegments,
    long CompactionMovedBytes,
    int Snapshots,
    long SnapshotHeldBytes,
    long SnapshotMemoryBytes,
    int Clones,
    TimeSpan OpenTime)
{
    /// <summary>The bytes of the log per byte of live record; 0 for an empty store.</summary>
    public double SpaceAmplification => LiveBytes == 0 ? 0 : (double)LogBytes / LiveBytes;
}
