namespace FlashKV.Log;

/// <summary>
/// The right to flush a shard: one thread has it at a time. A thread that waits for a flush takes
/// the gate and flushes for all; the others wait until the gate opens and look again, which is what
/// makes concurrent durable writers share one flush.
/// </summary>
internal sealed class FlushGate
{
    private const int SpinLimit = 20;

    private readonly object _monitor = new();
    private int _held;
    private int _waiters;
    private int _exits;

    public bool TryEnter() => Interlocked.CompareExchange(ref _held, 1, 0) == 0;

    public void Exit()
    {
        _exits++;
        Interlocked.Exchange(ref _held, 0);
        Wake();
    }

    private void Wake()
    {
        Interlocked.MemoryBarrier();
        if (Volatile.Read(ref _waiters) != 0)
        {
            lock (_monitor)
            {
                Monitor.PulseAll(_monitor);
            }
        }
    }

    /// <summary>
    /// Lets those who wait look again: whoever holds the gate has got a part of it done.
    /// </summary>
    public void Progress()
    {
        Volatile.Write(ref _exits, _exits + 1);
        Wake();
    }

    /// <summary>
    /// Waits until whoever holds the gate leaves or says that there is progress; somebody else may
    /// take it at once.
    /// </summary>
    public void WaitForExit()
    {
        int exits = Volatile.Read(ref _exits);
        SpinWait spin = default;
        while (spin.Count < SpinLimit)
        {
            if (HasExited(exits))
            {
                return;
            }

            spin.SpinOnce(sleep1Threshold: -1);
        }

        Interlocked.Increment(ref _waiters);
        lock (_monitor)
        {
            while (!HasExited(exits))
            {
                Monitor.Wait(_monitor);
            }
        }

        Interlocked.Decrement(ref _waiters);
    }

    private bool HasExited(int exits) =>
        Volatile.Read(ref _held) == 0 || Volatile.Read(ref _exits) != exits;
}
