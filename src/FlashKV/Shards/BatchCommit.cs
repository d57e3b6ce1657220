namespace FlashKV.Shards;

/// <summary>
/// What becomes of a batch, for the segments that hold its records: a segment is sealed only when
/// that is settled, so that recovery need not look for a commit record behind a summary.
/// </summary>
internal sealed class BatchCommit(ulong id)
{
    private volatile BatchState _state;

    public ulong Id { get; } = id;

    /// <summary>Each shard that takes part, with the last sequence number it has in the batch.</summary>
    public List<BatchParticipant> Participants { get; } = [];

    public BatchState State => _state;

    public void Commit() => _state = BatchState.Committed;

    public void Abandon() => _state = BatchState.Abandoned;

    /// <summary>Whether it can no longer become anything else, even after a power cut.</summary>
    public bool IsSettled =>
        _state == BatchState.Abandoned
        || (_state == BatchState.Committed && Participants.TrueForAll(static p => p.IsDurable));
}
