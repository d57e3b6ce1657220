namespace FlashKV.Shards;

/// <summary>
/// A thread that prepares slots for some shards and compacts them, a step at a time. It sleeps while
/// there is nothing to do.
/// </summary>
internal sealed class ShardKeeper : IDisposable
{
    private readonly Action _keepUp;
    private readonly object _monitor = new();
    private readonly Thread _thread;
    private bool _isDue;
    private bool _stopping;

    /// <summary>Starts the thread.</summary>
    /// <param name="keepUp">A turn of the shards. It throws nothing.</param>
    public ShardKeeper(Action keepUp)
    {
        _keepUp = keepUp;
        _thread = new Thread(Run) { IsBackground = true, Name = "FlashKV upkeep" };
        _thread.Start();
    }

    /// <summary>There may be something to do for one of the shards.</summary>
    public void Upkeep()
    {
        lock (_monitor)
        {
            _isDue = true;
            Monitor.Pulse(_monitor);
        }
    }

    /// <summary>Ends the thread, and waits for that.</summary>
    public void Dispose()
    {
        Volatile.Write(ref _stopping, true);
        Upkeep();
        _thread.Join();
    }

    private void Run()
    {
        while (WaitForUpkeep())
        {
            _keepUp();
        }
    }

    private bool WaitForUpkeep()
    {
        lock (_monitor)
        {
            while (!_isDue)
            {
                Monitor.Wait(_monitor);
            }

            _isDue = false;
            return !Volatile.Read(ref _stopping);
        }
    }
}
