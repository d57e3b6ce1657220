namespace FlashKV.Shards;

/// <summary>
/// The store's own thread. It flushes buffered writes within their interval, at once where somebody
/// waits, and keeps prepared slots ready. It sleeps while there is nothing to do.
/// </summary>
internal sealed class BackgroundWorker : IWorkSignal, IDisposable
{
    private readonly StoreCore _store;
    private readonly TimeSpan _interval;
    private readonly object _monitor = new();
    private readonly Thread _thread;
    private bool _dirtied;
    private bool _urgent;
    private bool _stopping;

    public BackgroundWorker(StoreCore store)
    {
        _store = store;
        _interval = store.Context.Options.FlushInterval;
        _thread = new Thread(Run) { IsBackground = true, Name = "FlashKV background" };
        _thread.Start();
    }

    public void Dirtied() => Signal(ref _dirtied);

    public void Urgent() => Signal(ref _urgent);

    public void Dispose()
    {
        Signal(ref _stopping);
        _thread.Join();
    }

    private void Signal(ref bool flag)
    {
        lock (_monitor)
        {
            flag = true;
            Monitor.Pulse(_monitor);
        }
    }

    private void Run()
    {
        while (WaitForWork())
        {
            try
            {
                foreach (Shard shard in _store.Shards)
                {
                    if (Work(shard))
                    {
                        Urgent();
                    }
                }
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
    }

    private bool WaitForWork()
    {
        lock (_monitor)
        {
            while (!_dirtied && !_urgent && !_stopping)
            {
                Monitor.Wait(_monitor);
            }

            if (!_urgent && !_stopping)
            {
                Monitor.Wait(_monitor, _interval);
            }

            _dirtied = false;
            _urgent = false;
            return !_stopping;
        }
    }

    /// <summary>
    /// A turn of background work on one shard; whoever has no thread for it steps it. It compacts
    /// one segment at most, so that the flushing of other shards does not wait.
    /// </summary>
    /// <returns>Whether there is more to do at once.</returns>
    internal static bool Work(Shard shard)
    {
        if (shard.Log.TakeDirty() && !shard.Log.TryAdvanceFlush(out _))
        {
            // Somebody else flushes, and may have passed what made the shard dirty.
            shard.Log.MarkDirty();
        }

        shard.Log.PrepareAhead();
        return shard.Log.TakeSealed() && Compact(shard);
    }

    // Compaction needs a buffer of a segment. Without one it moves nothing, and is tried again with
    // the next work: no reason to take no more writes.
    private static bool Compact(Shard shard)
    {
        try
        {
            if (!shard.Compactor.TryCompact())
            {
                return false;
            }

            shard.Log.AskForCompaction();
            return true;
        }
        catch (InsufficientMemoryException)
        {
            shard.Log.AskForCompaction();
            return false;
        }
    }
}
