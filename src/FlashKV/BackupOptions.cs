namespace FlashKV;

/// <summary>How a backup is made or restored.</summary>
public sealed record BackupOptions
{
    /// <summary>How many shards are read and written at once, at least 1.</summary>
    public int MaxParallelism { get; init; } = Environment.ProcessorCount;

    /// <summary>
    /// What the moment of a store in this process may cost until its backup is made; without limits
    /// by default.
    /// </summary>
    public SnapshotOptions Limits { get; init; } = new();

    /// <summary>Hears of each segment, from several threads.</summary>
    public IProgress<BackupProgress>? Progress { get; init; }

    internal void Validate()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxParallelism, 1);
        ArgumentNullException.ThrowIfNull(Limits);
        Limits.Validate();
    }
}
