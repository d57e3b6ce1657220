using FlashKV.Shards;
using FlashKV.Snapshots;

namespace FlashKV;

/// <summary>
/// The store as it was at one moment, to be read while others write on. It has a batch whole or not
/// at all, and no write without those that had returned before that write began.
/// </summary>
/// <remarks>
/// <para>
/// Any number of threads may read it. It copies no data: the segments that were in use at its moment
/// are held, so compaction cannot take their dead bytes back, and each key that is replaced or
/// deleted for the first time since costs it some 20 to 40 bytes of the memory budget.
/// <see cref="FlashStoreStatistics.SnapshotHeldBytes"/> and
/// <see cref="FlashStoreStatistics.SnapshotMemoryBytes"/> say what that comes to;
/// <see cref="SnapshotOptions"/> limits it.
/// </para>
/// <para>
/// It lives in the process: a store that is opened again has no snapshots. Dispose it before the
/// store; disposing waits for reads under way.
/// </para>
/// </remarks>
public sealed class StoreSnapshot : StoreView
{
    internal StoreSnapshot(StoreCore core, SnapshotOptions options)
        : base(core.Context, StoreCut.Take(core, options))
    {
    }

    /// <inheritdoc/>
    public override DateTimeOffset CreatedAt => Cut.TakenAt;

    /// <summary>Whether it was given up, and reading would throw.</summary>
    public bool IsExpired => Cut.Ended is not (CutEnd.None or CutEnd.Disposed or CutEnd.Closed);

    /// <summary>
    /// The bytes in its segments that count no more, and that compaction cannot take back.
    /// </summary>
    public long HeldBytes => Cut.HeldBytes();

    /// <summary>Ends the snapshot: compaction may have its segments.</summary>
    /// <param name="disposing">Always true.</param>
    protected override void Dispose(bool disposing) => Cut.End(CutEnd.Disposed);
}
