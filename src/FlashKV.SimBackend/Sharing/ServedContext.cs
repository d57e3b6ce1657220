using FlashKV.SimBackend.Afu;
using FlashKV.Superpipe;
using FlashKV.Superpipe.Abi;

namespace FlashKV.SimBackend.Sharing;

/// <summary>
/// A context whose client is another process: who executes its commands, who waits for them, and
/// how its events get to the client.
/// </summary>
internal sealed class ServedContext
{
    private readonly object _gate = new();
    private readonly EventSender _events;
    private readonly DriveWorkers _workers;
    private ulong _completions;
    private int _waiters;
    private int _rings;

    internal ServedContext(AfuContext afu, PacketSocket near, DriveWorkers workers)
    {
        _workers = workers;
        Afu = afu;
        _events = new EventSender(near, afu.Events);
        afu.Events.Changed = OnEventsChanged;
        OnEventsChanged();
    }

    /// <summary>The context.</summary>
    internal AfuContext Afu { get; }

    /// <summary>The page that the client shares, if it has asked for one.</summary>
    internal SharedPage? Page { get; private set; }

    /// <summary>Whether its commands take long, so that they need a thread of their own.</summary>
    internal bool IsSlow { get; set; }

    /// <summary>Goes up when commands were answered.</summary>
    internal ulong CompletionCount => Volatile.Read(ref _completions);

    /// <summary>Gives the client's page to the context; there is one at most.</summary>
    internal Errno TryMakePage(out SharedPage? page)
    {
        lock (_gate)
        {
            Errno errno = Errno.None;
            if (Page is null)
            {
                errno = SharedPage.Create(Afu, out SharedPage? made);
                Page = made;
            }

            page = Page;
            return errno;
        }
    }

    /// <summary>Reads a register for the client.</summary>
    internal ulong Read(int offset)
    {
        ulong value = Afu.Read(offset);
        if (offset == SislHostMap.CmdRoom)
        {
            // Looking for a room makes one, if there was none.
            NoteCompletions();
        }

        return value;
    }

    /// <summary>Writes a register for the client.</summary>
    /// <returns>Whether there are commands to be executed now.</returns>
    internal bool Write(int offset, ulong value)
    {
        bool isDoorbell = offset is SislHostMap.Ioarrin or SislHostMap.SqTail;
        SharedPage? page = Page;
        if (page is not null && offset is SislHostMap.SqTail or SislHostMap.SqCtxReset)
        {
            // The tail is in the page. A doorbell says only that somebody should look; and a reset
            // gives up what was stored there before it.
            isDoorbell |= page.TakeOver();
        }

        if (page is null || offset != SislHostMap.SqTail)
        {
            Afu.Write(offset, value);
            page?.NoteWritten(offset);
        }

        bool hasCommands = Afu.HasCommands;
        if (isDoorbell && !hasCommands)
        {
            // A full queue was worked off at once, or another thread was faster.
            NoteCompletions();
        }

        return isDoorbell && hasCommands;
    }

    /// <summary>Executes what the client has handed over, unless another thread is at it.</summary>
    /// <remarks>
    /// Whoever is at it sees what comes meanwhile, so a doorbell is never lost: each ring counts,
    /// and the driver of the context goes on until it has seen them all. Who has gone on for long
    /// leaves the rest to a worker.
    /// </remarks>
    internal void Drive()
    {
        if (Interlocked.Increment(ref _rings) > 1)
        {
            return;
        }

        int seen;
        do
        {
            seen = Volatile.Read(ref _rings);
            if (!TryDriveOrLose())
            {
                Interlocked.Exchange(ref _rings, 0);
                _workers.Drive(this);
                return;
            }
        }
        while (Interlocked.Add(ref _rings, -seen) != 0);
    }

    /// <summary>Lets those who wait look again.</summary>
    internal void NoteCompletions()
    {
        ulong count = Interlocked.Increment(ref _completions);
        Page?.PublishCompletions(count);
        Wake();
    }

    /// <summary>Waits until the completion count is another one.</summary>
    /// <param name="seen">The count that the client knows.</param>
    /// <param name="timeoutMilliseconds">The longest wait.</param>
    /// <returns>The count.</returns>
    internal ulong Wait(ulong seen, int timeoutMilliseconds)
    {
        // Who waits does not wait for somebody to look at the page.
        Page?.TakeOver();
        Drive();
        long deadline = Environment.TickCount64 + timeoutMilliseconds;
        lock (_gate)
        {
            Interlocked.Increment(ref _waiters);
            try
            {
                while (CompletionCount == seen && !Afu.IsLost)
                {
                    int left = (int)(deadline - Environment.TickCount64);
                    if (left <= 0 || !Monitor.Wait(_gate, left))
                    {
                        break;
                    }
                }
            }
            finally
            {
                Interlocked.Decrement(ref _waiters);
            }
        }

        return CompletionCount;
    }

    /// <summary>Sends what events there are, as far as the client's queue takes them.</summary>
    internal void SendEvents() => _events.Send();

    /// <summary>Ends the service.</summary>
    internal void Close()
    {
        Afu.Events.Changed = null;
        Page?.Dispose();
    }

    // Whoever drives is no client that an exception of a medium could be given to: to the client it
    // is an adapter that was lost.
    private bool TryDriveOrLose()
    {
        try
        {
            return TryDriveToEnd();
        }
        catch (Exception failure)
        {
            _workers.NoteFailure(failure);
            Afu.Lose();
            return true;
        }
    }

    private bool TryDriveToEnd()
    {
        const int MaxBatches = 256;
        const int MaxPauses = 64;
        int batches = 0;
        SpinWait spin = default;
        while (Afu.HasCommands)
        {
            if (Afu.TryDrive())
            {
                NoteCompletions();
                batches++;
            }
            else
            {
                // The driver is changing tables, or a doorbell is half done.
                spin.SpinOnce();
            }

            if (batches == MaxBatches || spin.Count == MaxPauses)
            {
                return false;
            }
        }

        return true;
    }

    private void OnEventsChanged()
    {
        _events.Send();
        if (Afu.IsLost)
        {
            Page?.Lose();
            Wake();
        }
        else
        {
            Page?.Show();
        }
    }

    private void Wake()
    {
        // The count was stored before; a waiter announces itself before it looks at the count.
        Interlocked.MemoryBarrier();
        if (Volatile.Read(ref _waiters) != 0)
        {
            lock (_gate)
            {
                Monitor.PulseAll(_gate);
            }
        }
    }
}
