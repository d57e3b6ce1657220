namespace FlashKV.Shards;

/// <summary>
/// The store's own threads. One flushes buffered writes within their interval, and at once where
/// somebody waits; the other keeps prepared slots ready and compacts. Both sleep while there is
/// nothing to do.
/// </summary>
internal sealed class BackgroundWorker : IWorkSignal, IDisposable
{
    private readonly StoreCore _store;
    private readonly TimeProvider _time;
    private readonly long _interval;
    private readonly object _flushing = new();
    private readonly object _upkeep = new();
    private readonly Thread _flusher;
    private readonly Thread _keeper;
    private long _flushAt;
    private bool _dirtied;
    private bool _urgent;
    private bool _upkeepDue;
    private bool _stopping;

    public BackgroundWorker(StoreCore store)
    {
        _store = store;
        FlashStoreOptions options = store.Context.Options;
        _time = options.TimeProvider;
        _interval = (long)(options.FlushInterval.TotalSeconds * _time.TimestampFrequency);
        _flusher = new Thread(RunFlusher) { IsBackground = true, Name = "FlashKV flush" };
        _keeper = new Thread(RunKeeper) { IsBackground = true, Name = "FlashKV upkeep" };
        _flusher.Start();
        _keeper.Start();
    }

    public void Dirtied()
    {
        lock (_flushing)
        {
            if (!_dirtied)
            {
                _flushAt = _time.GetTimestamp() + _interval;
                _dirtied = true;
                Monitor.Pulse(_flushing);
            }
        }
    }

    public void Urgent() => Signal(_flushing, ref _urgent);

    public void Upkeep() => Signal(_upkeep, ref _upkeepDue);

    public void Dispose()
    {
        Volatile.Write(ref _stopping, true);
        Urgent();
        Upkeep();
        _flusher.Join();
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

    private static void Signal(object monitor, ref bool flag)
    {
        lock (monitor)
        {
            flag = true;
            Monitor.Pulse(monitor);
        }
    }

    private void RunFlusher()
    {
        while (WaitForFlush(out bool isDue))
        {
            ForEachShard(shard =>
            {
                Flush(shard, isDue);
                if (shard.Compactor.IsUnderWay)
                {
                    // What it has emptied may go now.
                    Upkeep();
                }
            });
        }
    }

    private void RunKeeper()
    {
        while (WaitForUpkeep())
        {
            ForEachShard(shard =>
            {
                if (KeepUp(shard))
                {
                    Upkeep();
                }
            });
            Guard(_store.Cuts.EnforceLimits);
        }
    }

    private void ForEachShard(Action<Shard> work) => Guard(() =>
    {
        foreach (Shard shard in _store.Shards)
        {
            work(shard);
        }
    });

    private void Guard(Action work)
    {
        try
        {
            work();
        }
        catch (StoreFaultedException)
        {
            // The fault is noted where it happened, and every writer is told of it.
        }
        catch (Exception exception)
        {
            _store.Context.Fault.Set(exception);
        }
    }

    /// <summary>Waits until there is something to flush.</summary>
    /// <param name="isDue">Whether all that was written must be flushed now.</param>
    /// <returns>false if it is over.</returns>
    private bool WaitForFlush(out bool isDue)
    {
        lock (_flushing)
        {
            while (!(isDue = IsDue()) && !_urgent)
            {
                Wait();
            }

            _dirtied &= !isDue;
            _urgent = false;
            return !Volatile.Read(ref _stopping);
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

    private bool IsDue() => _dirtied && _time.GetTimestamp() >= _flushAt;

    private void Wait()
    {
        if (_dirtied)
        {
            // Rounded up, or the last part of a millisecond would pass in turns of no length.
            double seconds = (double)(_flushAt - _time.GetTimestamp()) / _time.TimestampFrequency;
            Monitor.Wait(_flushing, (int)Math.Max(1, Math.Ceiling(seconds * 1000)));
        }
        else
        {
            Monitor.Wait(_flushing);
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
