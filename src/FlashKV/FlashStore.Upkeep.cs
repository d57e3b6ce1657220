using FlashKV.Compaction;
using FlashKV.Log;
using FlashKV.Recovery;
using FlashKV.Shards;

namespace FlashKV;

/// <summary>Looking at the store as a whole.</summary>
public sealed partial class FlashStore
{
    /// <summary>Begins a scan of all keys; see <see cref="StoreScan"/>.</summary>
    /// <returns>The scan.</returns>
    /// <exception cref="ObjectDisposedException">The store is closed.</exception>
    public StoreScan Scan()
    {
        ThrowIfDisposed();
        return new StoreScan(_core);
    }

    /// <summary>
    /// Moves what is live out of every segment in which something is dead, and frees them. The
    /// store does as much by itself as <see cref="FlashStoreOptions.SpaceAmplification"/> asks for;
    /// this does all that can be done, on a thread of the pool. Others read and write meanwhile.
    /// </summary>
    /// <param name="cancellationToken">Ends it between two segments.</param>
    /// <returns>What was done.</returns>
    /// <exception cref="OperationCanceledException">
    /// It was cancelled; what was done stays.
    /// </exception>
    /// <exception cref="FlashStoreException">The store or the device failed.</exception>
    public ValueTask<CompactionResult> CompactAsync(CancellationToken cancellationToken = default)
    {
        ThrowIfDisposed();
        return new ValueTask<CompactionResult>(
            Task.Run(() => Compact(cancellationToken), cancellationToken));
    }

    /// <summary>
    /// Reads all sealed segments from the device and checks every byte that can be.
    /// </summary>
    /// <param name="progress">Hears of each segment.</param>
    /// <param name="cancellationToken">Ends it between two segments.</param>
    /// <returns>What was found.</returns>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    /// <exception cref="StoreFaultedException">
    /// What is staged could not be flushed first.
    /// </exception>
    public VerifyReport Verify(
        IProgress<VerifyProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        ThrowIfDisposed();
        _core.Flush();
        return new StoreVerifier(_core, progress).Run(cancellationToken);
    }

    /// <summary>Figures of the store.</summary>
    /// <returns>The figures.</returns>
    public FlashStoreStatistics GetStatistics()
    {
        ThrowIfDisposed();
        int clones = _open.Clones.Count;
        FlashStoreStatistics all = GetStatistics(_core);
        return all with
        {
            Snapshots = Math.Max(0, all.Snapshots - clones),
            Clones = clones,
            OpenTime = _open.OpenTime,
        };
    }

    /// <summary>Figures of what lies below a store, or a clone.</summary>
    internal static FlashStoreStatistics GetStatistics(StoreCore core)
    {
        var sum = new FlashStoreStatistics
        {
            Shards = core.Shards.Length,
            SegmentBytes = core.Context.Geometry.SegmentBytes,
            Chunks = core.Superblock.Grants.Length,
            MemoryUsedBytes = core.Context.Memory.UsedBytes,
            MemoryBudgetBytes = core.Context.Memory.BudgetBytes,
            Snapshots = core.Cuts.Count,
            SnapshotMemoryBytes = core.Cuts.MemoryBytes,
        };
        foreach (Shard shard in core.Shards)
        {
            sum = Add(sum, shard);
        }

        return sum;
    }

    private static FlashStoreStatistics Add(FlashStoreStatistics sum, Shard shard)
    {
        List<Segment> segments = shard.Log.Segments.InUse();
        CompactionCounts compaction = shard.Compactor.Counts;
        return sum with
        {
            Keys = sum.Keys + shard.Index.Count,
            Segments = sum.Segments + segments.Count,
            FreeSegments = sum.FreeSegments + shard.Log.Allocator.FreeCount,
            LiveBytes = sum.LiveBytes + segments.Sum(static segment => (long)segment.LiveBytes),
            TombstoneBytes =
                sum.TombstoneBytes + segments.Sum(static segment => (long)segment.TombstoneBytes),
            LogBytes = sum.LogBytes + ((long)segments.Count * sum.SegmentBytes),
            SnapshotHeldBytes = sum.SnapshotHeldBytes + shard.Log.HeldBytes(),
            IndexBytes = sum.IndexBytes + shard.Index.BytesUsed,
            CompactedSegments = sum.CompactedSegments + compaction.Segments,
            CompactionMovedBytes = sum.CompactionMovedBytes + compaction.MovedBytes,
        };
    }

    private CompactionResult Compact(CancellationToken cancellationToken)
    {
        FlashStoreStatistics before = GetStatistics();
        foreach (Shard shard in _core.Shards)
        {
            shard.Compactor.CompactAll(cancellationToken);
        }

        FlashStoreStatistics after = GetStatistics();
        return new CompactionResult(
            after.CompactedSegments - before.CompactedSegments,
            after.CompactionMovedBytes - before.CompactionMovedBytes,
            before.LogBytes,
            after.LogBytes);
    }
}
