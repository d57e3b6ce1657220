using FlashKV.Log;
using FlashKV.Shards;

namespace FlashKV.Compaction;

/// <summary>
/// A segment out of which all that is live was copied, and what must be on stable storage before it
/// goes: the copies, and whatever superseded the rest.
/// </summary>
/// <param name="Segment">The segment.</param>
/// <param name="LastCopy">The segment of the last copy; null if nothing was copied.</param>
/// <param name="LastCopyEnd">The offset behind the last copy.</param>
/// <param name="LastSequence">The last sequence number given out when it was empty.</param>
/// <param name="Batches">
/// The batches that were not settled then: their members survive a power cut only together with
/// those in other shards.
/// </param>
internal sealed record MovedSegment(
    Segment Segment,
    Segment? LastCopy,
    int LastCopyEnd,
    ulong LastSequence,
    BatchCommit[] Batches)
{
    /// <summary>Whether a power cut leaves the copies.</summary>
    public bool HasDurableCopies =>
        LastCopy is not { State: SegmentState.Staged } copies || copies.FlushedTo >= LastCopyEnd;

    /// <summary>Whether a power cut leaves what superseded the rest.</summary>
    public bool HasDurableSuccessors(ShardLog log) =>
        log.DurableSequence >= LastSequence
        && Array.TrueForAll(Batches, static batch => batch.IsSettled);
}
