namespace FlashKV;

/// <summary>How long a clone may live, and what it may cost the store.</summary>
public sealed record CloneOptions
{
    /// <summary>
    /// After this time the clone is given up, if it was not closed before, whatever the process
    /// that reads it does. By default, never.
    /// </summary>
    public TimeSpan TimeToLive { get; init; } = Timeout.InfiniteTimeSpan;

    /// <summary>
    /// The bytes of its segments that are not live and that compaction cannot take back because of
    /// it, above which the clone is given up. By default, without limit. Looked at in background
    /// work, so it may be passed by some segments.
    /// </summary>
    public long MaxHeldBytes { get; init; } = long.MaxValue;

    /// <summary>
    /// How long the process that is started may take to open the clone: one minute by default.
    /// </summary>
    public TimeSpan StartTimeout { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>What a cut is limited by.</summary>
    internal SnapshotOptions Limits => new()
    {
        TimeToLive = TimeToLive,
        MaxHeldBytes = MaxHeldBytes,
    };

    internal void Validate()
    {
        Limits.Validate();
        if (StartTimeout != Timeout.InfiniteTimeSpan)
        {
            ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(StartTimeout, TimeSpan.Zero);
        }
    }
}
