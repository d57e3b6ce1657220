namespace FlashKV;

/// <summary>How long a snapshot may live, and what it may cost.</summary>
public sealed record SnapshotOptions
{
    /// <summary>
    /// After this time the snapshot is given up, if it was not disposed before. By default, never.
    /// </summary>
    public TimeSpan TimeToLive { get; init; } = Timeout.InfiniteTimeSpan;

    /// <summary>
    /// The bytes of its segments that are not live and that compaction cannot take back because of
    /// it, above which the snapshot is given up. By default, without limit. Looked at in background
    /// work, so it may be passed by some segments.
    /// </summary>
    public long MaxHeldBytes { get; init; } = long.MaxValue;

    internal void Validate()
    {
        if (TimeToLive != Timeout.InfiniteTimeSpan)
        {
            ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(TimeToLive, TimeSpan.Zero);
        }

        ArgumentOutOfRangeException.ThrowIfNegative(MaxHeldBytes);
    }
}
