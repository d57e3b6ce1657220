using System.Diagnostics;

namespace FlashKV.SimBackend.Sharing;

/// <summary>
/// Looks at the pages that clients share, with one thread, and executes what they have handed over.
/// </summary>
/// <remarks>
/// While there is something to do it looks all the time, and soon after it sleeps. A client that
/// knows of it rings. For the others it first yields its processor for a while, and then looks
/// again every millisecond, which costs about the reading of three cache lines for each.
/// </remarks>
internal sealed class PagePoller : IDisposable
{
    private const int SpinsBeforeYield = 50;
    private const int IdleLooksBeforeSleep = 400;
    private const int NapMilliseconds = 1;
    private const int PausesBetweenLooks = 20;

    private static readonly long s_slowTicks = Stopwatch.Frequency / 5_000;

    private readonly object _lock = new();
    private readonly DriveWorkers _workers;
    private readonly Thread _thread;
    private ServedContext[] _contexts = [];
    private bool _isRung;
    private bool _isStopped;

    internal PagePoller(DriveWorkers workers)
    {
        _workers = workers;
        _thread = new Thread(Run) { IsBackground = true, Name = "flashkv pages" };
        _thread.Start();
    }

    /// <summary>Begins to look at a context's page.</summary>
    internal void Add(ServedContext context)
    {
        lock (_lock)
        {
            if (!_contexts.Contains(context))
            {
                Volatile.Write(ref _contexts, [.. _contexts, context]);
            }
        }

        Ring();
    }

    /// <summary>Ends it.</summary>
    internal void Remove(ServedContext context)
    {
        lock (_lock)
        {
            if (_contexts.Contains(context))
            {
                Volatile.Write(ref _contexts, [.. _contexts.Where(other => other != context)]);
            }
        }
    }

    /// <summary>Makes it look at once.</summary>
    internal void Ring()
    {
        lock (_lock)
        {
            _isRung = true;
            Monitor.Pulse(_lock);
        }
    }

    public void Dispose()
    {
        lock (_lock)
        {
            _isStopped = true;
            Monitor.Pulse(_lock);
        }

        _thread.Join();
    }

    private void Run()
    {
        int idle = 0;
        while (!Volatile.Read(ref _isStopped))
        {
            if (LookAtAll())
            {
                idle = 0;
            }
            else if (++idle < SpinsBeforeYield)
            {
                Thread.SpinWait(PausesBetweenLooks);
            }
            else if (idle < IdleLooksBeforeSleep && !HasOnlyWakingClients())
            {
                Thread.Yield();
            }
            else
            {
                idle = Sleep() ? 0 : idle;
            }
        }
    }

    private bool LookAtAll()
    {
        bool hasWork = false;
        foreach (ServedContext context in Volatile.Read(ref _contexts))
        {
            if (context.Page is { } page && page.TakeOver())
            {
                hasWork = true;
                Drive(context);
            }
        }

        return hasWork;
    }

    // One client's slow medium must not keep the others waiting.
    private void Drive(ServedContext context)
    {
        if (context.IsSlow)
        {
            _workers.Drive(context);
            return;
        }

        long start = Stopwatch.GetTimestamp();
        context.Drive();
        context.IsSlow = Stopwatch.GetTimestamp() - start > s_slowTicks;
    }

    // Says whether it was rung for.
    private bool Sleep()
    {
        ServedContext[] contexts = Volatile.Read(ref _contexts);
        SetAsleep(contexts, isAsleep: true);

        // Who has stored before it could see that nobody looks is seen now.
        Interlocked.MemoryBarrier();
        bool hasWork = LookAtAll();
        if (!hasWork)
        {
            hasWork = WaitForRing();
        }

        SetAsleep(contexts, isAsleep: false);
        return hasWork;
    }

    private bool HasOnlyWakingClients() => Array.TrueForAll(
        Volatile.Read(ref _contexts), context => context.Page is not { HasWakingClient: false });

    private bool WaitForRing()
    {
        bool areAllWaking = HasOnlyWakingClients();
        lock (_lock)
        {
            if (!_isRung && !_isStopped)
            {
                Monitor.Wait(_lock, areAllWaking ? Timeout.Infinite : NapMilliseconds);
            }

            bool wasRung = _isRung;
            _isRung = false;
            return wasRung;
        }
    }

    private static void SetAsleep(ServedContext[] contexts, bool isAsleep)
    {
        foreach (ServedContext context in contexts)
        {
            if (context.Page is { HasWakingClient: true } page)
            {
                page.SetAsleep(isAsleep);
            }
        }
    }
}
