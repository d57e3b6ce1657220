namespace FlashKV.Shards;

/// <summary>
/// The store's own threads, each for a part of the shards. Some flush; some keep prepared slots
/// ready and compact. They sleep while there is nothing to do.
/// </summary>
internal sealed class BackgroundWorker : IWorkSignal, IDisposable
{
    // A flush is mostly waiting for the device, so two are of use even on two cores.
    private const int MinFlushers = 2;
    private const int CoresPerThread = 4;

    private readonly StoreCore _store;
    private readonly ShardFlusher[] _flushers;
    private readonly ShardKeeper[] _keepers;

    public BackgroundWorker(StoreCore store)
    {
        _store = store;
        int wanted = Environment.ProcessorCount / CoresPerThread;
        _keepers = new ShardKeeper[Math.Clamp(wanted, 1, store.Shards.Length)];
        for (int i = 0; i < _keepers.Length; i++)
        {
            int first = i;
            _keepers[i] = new ShardKeeper(() => KeepUpPart(first));
        }

        _flushers = new ShardFlusher[
            Math.Min(Math.Max(MinFlushers, wanted), store.Shards.Length)];
        for (int i = 0; i < _flushers.Length; i++)
        {
            int first = i;
            _flushers[i] = new ShardFlusher(
                store.Context.Options, isDue => FlushPart(first, isDue));
        }
    }

    public void Dirtied(int shard) => FlusherOf(shard).Dirtied();

    public void Urgent(int shard) => FlusherOf(shard).Urgent();

    public void Upkeep(int shard) => KeeperOf(shard).Upkeep();

    public void Dispose()
    {
        Array.ForEach(_flushers, static flusher => flusher.Dispose());
        Array.ForEach(_keepers, static keeper => keeper.Dispose());
    }

    /// <summary>
    /// A turn of background work on one shard; whoever has no threads for it steps it.
    /// </summary>
    /// <returns>Whether there is more to do at once.</returns>
    internal static bool Work(Shard shard)
    {
        Flush(shard, isDue: true);
        return KeepUp(shard);
    }

    private ShardFlusher FlusherOf(int shard) => _flushers[shard % _flushers.Length];

    private ShardKeeper KeeperOf(int shard) => _keepers[shard % _keepers.Length];

    // Called for every flush, so it allocates nothing.
    private void FlushPart(int first, bool isDue)
    {
        try
        {
            for (int i = first; i < _store.Shards.Length; i += _flushers.Length)
            {
                Shard shard = _store.Shards[i];
                Flush(shard, isDue);
                if (shard.Compactor.IsUnderWay)
                {
                    // What it has emptied may go now.
                    Upkeep(i);
                }
            }
        }
        catch (Exception exception)
        {
            Note(exception);
        }
    }

    private void KeepUpPart(int first)
    {
        try
        {
            for (int i = first; i < _store.Shards.Length; i += _keepers.Length)
            {
                if (KeepUp(_store.Shards[i]))
                {
                    Upkeep(i);
                }
            }
        }
        catch (Exception exception)
        {
            Note(exception);
        }

        EnforceLimits();
    }

    private void EnforceLimits()
    {
        try
        {
            _store.Cuts.EnforceLimits();
        }
        catch (Exception exception)
        {
            Note(exception);
        }
    }

    // A fault is noted where it happened, and every writer is told of it.
    private void Note(Exception exception)
    {
        if (exception is not StoreFaultedException)
        {
            _store.Context.Fault.Set(exception);
        }
    }

    private static void Flush(Shard shard, bool isDue)
    {
        bool isUrgent = shard.Log.TakeUrgent();
        bool isDirty = (isDue || isUrgent) && shard.Log.TakeDirty();
        if ((isDirty || isUrgent) && !shard.Log.TryAdvanceFlush(out _))
        {
            // Somebody else flushes, and may have passed what made the shard dirty.
            shard.Log.MarkDirty();
        }
    }

    // It moves some records at most, so that other shards have their turn. Compaction may need a
    // buffer of a segment; without one it moves nothing, and is tried again with the next work: no
    // reason to take no more writes.
    private static bool KeepUp(Shard shard)
    {
        shard.Log.PrepareAhead();
        if (!shard.Log.TakeSealed() && !shard.Compactor.IsUnderWay)
        {
            return false;
        }

        try
        {
            return shard.Compactor.Advance();
        }
        catch (InsufficientMemoryException)
        {
            shard.Log.AskForCompaction();
            return false;
        }
    }
}
