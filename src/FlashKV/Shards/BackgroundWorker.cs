namespace FlashKV.Shards;

/// <summary>
/// The store's own threads. Some flush, each a part of the shards; one keeps prepared slots ready
/// and compacts, for all. They sleep while there is nothing to do.
/// </summary>
internal sealed class BackgroundWorker : IWorkSignal, IDisposable
{
    // A flush is mostly waiting for the device, so two are of use even on two cores.
    private const int MinFlushers = 2;
    private const int CoresPerFlusher = 4;

    private readonly StoreCore _store;
    private readonly object _upkeep = new();
    private readonly ShardFlusher[] _flushers;
    private readonly Thread _keeper;
    private bool _upkeepDue;
    private bool _stopping;

    public BackgroundWorker(StoreCore store)
    {
        _store = store;
        int wanted = Math.Max(MinFlushers, Environment.ProcessorCount / CoresPerFlusher);
        _flushers = new ShardFlusher[Math.Min(wanted, store.Shards.Length)];
        for (int i = 0; i < _flushers.Length; i++)
        {
            int first = i;
            _flushers[i] = new ShardFlusher(
                store.Context.Options, isDue => FlushPart(first, isDue));
        }

        _keeper = new Thread(RunKeeper) { IsBackground = true, Name = "FlashKV upkeep" };
        _keeper.Start();
    }

    public void Dirtied(int shard) => FlusherOf(shard).Dirtied();

    public void Urgent(int shard) => FlusherOf(shard).Urgent();

    public void Upkeep()
    {
        lock (_upkeep)
        {
            _upkeepDue = true;
            Monitor.Pulse(_upkeep);
        }
    }

    public void Dispose()
    {
        Array.ForEach(_flushers, static flusher => flusher.Dispose());
        Volatile.Write(ref _stopping, true);
        Upkeep();
        _keeper.Join();
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
                    Upkeep();
                }
            }
        }
        catch (Exception exception)
        {
            Note(exception);
        }
    }

    private void RunKeeper()
    {
        while (WaitForUpkeep())
        {
            try
            {
                KeepUpAll();
            }
            catch (Exception exception)
            {
                Note(exception);
            }

            EnforceLimits();
        }
    }

    private void KeepUpAll()
    {
        foreach (Shard shard in _store.Shards)
        {
            if (KeepUp(shard))
            {
                Upkeep();
            }
        }
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

    private bool WaitForUpkeep()
    {
        lock (_upkeep)
        {
            while (!_upkeepDue)
            {
                Monitor.Wait(_upkeep);
            }

            _upkeepDue = false;
            return !Volatile.Read(ref _stopping);
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
