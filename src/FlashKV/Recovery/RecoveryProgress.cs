namespace FlashKV.Recovery;

/// <summary>Adds up how far the shards have come, and tells who asked; one call at a time.</summary>
internal sealed class RecoveryProgress(IProgress<OpenProgress>? progress)
{
    private readonly Lock _lock = new();
    private long _done;
    private long _total;
    private long _records;

    /// <summary>A shard was found to have so many segments.</summary>
    public void Found(long segments)
    {
        lock (_lock)
        {
            _total += segments;
        }
    }

    /// <summary>A segment with so many records was read.</summary>
    public void Read(long records)
    {
        if (progress is null)
        {
            return;
        }

        lock (_lock)
        {
            _records += records;
            progress.Report(new OpenProgress(++_done, _total, _records));
        }
    }
}
