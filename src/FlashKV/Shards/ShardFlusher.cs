namespace FlashKV.Shards;

/// <summary>
/// A thread that flushes the buffered writes of some shards within their interval, and at once
/// where somebody waits. It sleeps while there is nothing to do.
/// </summary>
internal sealed class ShardFlusher : IDisposable
{
    private readonly Action<bool> _flush;
    private readonly TimeProvider _time;
    private readonly long _interval;
    private readonly object _monitor = new();
    private readonly Thread _thread;
    private long _flushAt;
    private bool _dirtied;
    private bool _urgent;
    private bool _stopping;

    /// <summary>Starts the thread.</summary>
    /// <param name="options">The flush interval, and the clock.</param>
    /// <param name="flush">
    /// Flushes the shards; told whether all that was written is due. It throws nothing.
    /// </param>
    public ShardFlusher(FlashStoreOptions options, Action<bool> flush)
    {
        _flush = flush;
        _time = options.TimeProvider;
        _interval = (long)(options.FlushInterval.TotalSeconds * _time.TimestampFrequency);
        _thread = new Thread(Run) { IsBackground = true, Name = "FlashKV flush" };
        _thread.Start();
    }

    /// <summary>One of the shards has records that are not flushed, since just now.</summary>
    public void Dirtied()
    {
        lock (_monitor)
        {
            if (!_dirtied)
            {
                _flushAt = _time.GetTimestamp() + _interval;
                _dirtied = true;
                Monitor.Pulse(_monitor);
            }
        }
    }

    /// <summary>Somebody waits for one of the shards, or will soon.</summary>
    public void Urgent()
    {
        lock (_monitor)
        {
            _urgent = true;
            Monitor.Pulse(_monitor);
        }
    }

    /// <summary>Ends the thread, and waits for that.</summary>
    public void Dispose()
    {
        Volatile.Write(ref _stopping, true);
        Urgent();
        _thread.Join();
    }

    private void Run()
    {
        while (WaitForFlush(out bool isDue))
        {
            _flush(isDue);
        }
    }

    private bool WaitForFlush(out bool isDue)
    {
        lock (_monitor)
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

    private bool IsDue() => _dirtied && _time.GetTimestamp() >= _flushAt;

    private void Wait()
    {
        if (_dirtied)
        {
            // Rounded up, or the last part of a millisecond would pass in turns of no length.
            double seconds = (double)(_flushAt - _time.GetTimestamp()) / _time.TimestampFrequency;
            Monitor.Wait(_monitor, (int)Math.Max(1, Math.Ceiling(seconds * 1000)));
        }
        else
        {
            Monitor.Wait(_monitor);
        }
    }
}
