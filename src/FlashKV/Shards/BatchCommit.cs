using FlashKV.Log;

namespace FlashKV.Shards;

/// <summary>
/// What becomes of a batch, for the segments that hold its records: a segment is sealed only when
/// that is settled, so that recovery need not look for a commit record behind a summary.
/// </summary>
internal sealed class BatchCommit(ulong id)
{
    private readonly Lock _lock = new();
    private readonly List<Segment> _pinned = [];
    private volatile BatchState _state;
    private int _unsealedSegments;

    public ulong Id { get; } = id;

    /// <summary>
    /// Each shard that takes part, with the last sequence number it has in the batch.
    /// </summary>
    public List<BatchParticipant> Participants { get; } = [];

    public BatchState State => _state;

    /// <summary>Says how many segments, none of them sealed yet, hold records of it.</summary>
    public void HoldSegments(int count) => _unsealedSegments = count;

    /// <summary>
    /// Notes that one of its segments was sealed. Until all are, recovery may ask for its commit
    /// record and for its last records, so the segment is pinned.
    /// </summary>
    /// <returns>true if it was the last: nobody will ask for the batch again.</returns>
    public bool LeaveSegment(Segment segment)
    {
        lock (_lock)
        {
            if (--_unsealedSegments != 0)
            {
                segment.Pin();
                _pinned.Add(segment);
                return false;
            }

            _pinned.ForEach(static pinned => pinned.Unpin());
            _pinned.Clear();
            return true;
        }
    }

    public void Commit() => _state = BatchState.Committed;

    public void Abandon() => _state = BatchState.Abandoned;

    /// <summary>Whether it can no longer become anything else, even after a power cut.</summary>
    public bool IsSettled =>
        _state == BatchState.Abandoned
        || (_state == BatchState.Committed && Participants.TrueForAll(static p => p.IsDurable));
}
