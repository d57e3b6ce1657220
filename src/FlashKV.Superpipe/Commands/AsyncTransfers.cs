using System.Numerics;
using FlashKV.Superpipe.Control;

namespace FlashKV.Superpipe.Commands;

/// <summary>
/// The asynchronous batches of a context, and who carries them on while nobody waits for them. The
/// caller's thread sends the batch and makes a few rounds itself; on the simulated adapter, and for
/// small batches on a fast device, that is all. What has not ended then is handed to one work item of
/// the thread pool, which steps all such batches in turn, and exists only as long as there are any.
/// </summary>
/// <remarks>
/// No thread is started. The work item goes to the back of the pool's queue after a number of
/// rounds, so that other work is not kept out. A caller finds its batch completed on a pool thread.
/// </remarks>
internal sealed class AsyncTransfers<TRegisters> : IThreadPoolWorkItem
    where TRegisters : struct, IRegisterWindow
{
    /// <summary>Rounds without progress on the caller's thread before the batch is handed over.</summary>
    private const int MaxInlineIdle = 4;

    /// <summary>
    /// Rounds without progress after which a batch that is begun is left: one to have a simulated
    /// adapter begin, one to look whether it was that fast.
    /// </summary>
    private const int IdleRoundsToBegin = 2;

    /// <summary>Rounds before the work item goes to the back of the pool's queue.</summary>
    private const int RoundsPerTurn = 4096;

    /// <summary>Rounds without progress after which the processor is offered to others.</summary>
    private const int YieldAfter = 64;

    /// <summary>How long to sleep while every batch is delayed; a new one may come meanwhile.</summary>
    private static readonly TimeSpan s_nap = TimeSpan.FromMilliseconds(1);

    private readonly FreeBlocks _free;
    private readonly AsyncTransfer<TRegisters>?[] _pool;
    private readonly int _inlineRounds;
    private AsyncTransfer<TRegisters>? _inbox;
    private AsyncTransfer<TRegisters>? _first;
    private AsyncTransfer<TRegisters>? _last;
    private int _isAwake;

    internal AsyncTransfers(AttachedContext<TRegisters> context, int inlineRounds)
    {
        Context = context;
        _inlineRounds = inlineRounds;
        _pool = new AsyncTransfer<TRegisters>[context.CommandBlocks];
        _free = new FreeBlocks(context.CommandBlocks, Environment.ProcessorCount);
    }

    internal AttachedContext<TRegisters> Context { get; }

    /// <summary>Batches that have not ended, or whose results were not taken.</summary>
    internal int InUse => _free.Total - _free.Count;

    /// <summary>Begins a batch.</summary>
    internal ValueTask Start(
        LunHandle lun, ReadOnlyMemory<BlockTransfer> transfers, CancellationToken cancellation)
    {
        AsyncTransfer<TRegisters> transfer = Rent();
        transfer.Begin(lun, transfers, cancellation);
        return Carry(transfer);
    }

    /// <summary>Begins a batch of one transfer.</summary>
    internal ValueTask Start(
        LunHandle lun, in BlockTransfer single, CancellationToken cancellation)
    {
        AsyncTransfer<TRegisters> transfer = Rent();
        transfer.Begin(lun, single, cancellation);
        return Carry(transfer);
    }

    /// <summary>Begins a batch if all of its commands find a block at once.</summary>
    internal bool TryStart(
        LunHandle lun,
        ReadOnlyMemory<BlockTransfer> transfers,
        int commands,
        CancellationToken cancellation,
        out ValueTask task)
    {
        AsyncTransfer<TRegisters>? transfer = RentIfFree(lun, transfers, commands, cancellation);
        task = transfer is null ? default : Carry(transfer);
        return transfer is not null;
    }

    /// <summary>Makes a batch ready that its caller carries on by himself.</summary>
    internal SteppedBatch Begin(LunHandle lun, ReadOnlyMemory<BlockTransfer> transfers)
    {
        AsyncTransfer<TRegisters> transfer = Rent();
        transfer.Begin(lun, transfers, CancellationToken.None);
        return transfer;
    }

    /// <summary>
    /// Begins a batch that its caller carries on by himself, if all of its commands find a block at
    /// once, and makes the rounds after which the adapter has all of them.
    /// </summary>
    internal bool TryBegin(
        LunHandle lun,
        ReadOnlyMemory<BlockTransfer> transfers,
        int commands,
        out SteppedBatch? begun)
    {
        AsyncTransfer<TRegisters>? transfer =
            RentIfFree(lun, transfers, commands, CancellationToken.None);
        begun = transfer;
        if (transfer is null)
            return false;

        int idle = 0;
        for (int round = 0; round < commands && idle < IdleRoundsToBegin; round++)
            idle = transfer.StepInline() ? 0 : idle + 1;
        return true;
    }

    /// <summary>Waits while batches are delayed.</summary>
    internal void Doze() => Context.Clock.Delay(s_nap);

    /// <summary>Takes back an object whose result was taken, or that never began.</summary>
    internal void Return(AsyncTransfer<TRegisters> transfer)
    {
        transfer.Clear();
        if (transfer.Slot >= 0)
            _free.Free(transfer.Slot);
    }

    /// <summary>Steps all batches for a turn. For the thread pool.</summary>
    public void Execute()
    {
        int idle = 0;
        for (int round = 0; round < RoundsPerTurn; round++)
        {
            TakeInbox();
            bool hasProgress = StepAll(out bool isAsleep);
            if (_first is null)
            {
                if (TrySleep())
                    return;
            }
            else if (hasProgress)
            {
                idle = 0;
            }
            else if (isAsleep)
            {
                Doze();
            }
            else if (++idle > YieldAfter)
            {
                Thread.Yield();
            }
        }

        ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
    }

    private ValueTask Carry(AsyncTransfer<TRegisters> transfer)
    {
        int idle = 0;
        for (int round = 0; round < _inlineRounds && idle < MaxInlineIdle; round++)
        {
            idle = transfer.StepInline() ? 0 : idle + 1;
            if (transfer.IsDone)
                return TakeOutcome(transfer);
        }

        // Read before it is handed over: then it is the work item's, and soon perhaps another's.
        ValueTask task = transfer.Task;
        HandOver(transfer);
        return task;
    }

    private static ValueTask TakeOutcome(AsyncTransfer<TRegisters> transfer)
    {
        Exception? failure = transfer.End();
        return failure is null ? default : ValueTask.FromException(failure);
    }

    // A batch whose commands all have a block, or none.
    private AsyncTransfer<TRegisters>? RentIfFree(
        LunHandle lun,
        ReadOnlyMemory<BlockTransfer> transfers,
        int commands,
        CancellationToken cancellation)
    {
        AsyncTransfer<TRegisters> transfer = Rent();
        transfer.Begin(lun, transfers, cancellation);
        if (transfer.TryReserve(commands))
            return transfer;

        Return(transfer);
        return null;
    }

    // Beyond the pool there are more batches than command blocks, and they wait anyway.
    private AsyncTransfer<TRegisters> Rent()
    {
        if (!_free.TryClaim(1, Environment.CurrentManagedThreadId, out int first, out ulong mask))
            return new AsyncTransfer<TRegisters>(this, slot: -1);

        int slot = first + BitOperations.TrailingZeroCount(mask);
        return _pool[slot] ??= new AsyncTransfer<TRegisters>(this, slot);
    }

    // A failed exchange means that another batch was handed over, or that all were taken.
    private void HandOver(AsyncTransfer<TRegisters> transfer)
    {
        AsyncTransfer<TRegisters>? head = Volatile.Read(ref _inbox);
        while (true)
        {
            transfer.Next = head;
            AsyncTransfer<TRegisters>? seen =
                Interlocked.CompareExchange(ref _inbox, transfer, head);
            if (seen == head)
                break;
            head = seen;
        }

        if (Interlocked.Exchange(ref _isAwake, 1) == 0)
            ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
    }

    // Who hands over puts into the inbox and then looks whether anybody is awake; who goes to
    // sleep says so and then looks into the inbox. One of the two sees the other.
    private bool TrySleep()
    {
        Interlocked.Exchange(ref _isAwake, 0);
        return Volatile.Read(ref _inbox) is null || Interlocked.Exchange(ref _isAwake, 1) != 0;
    }

    // The stack has the newest on top; the list is in the order of arrival.
    private void TakeInbox()
    {
        if (Volatile.Read(ref _inbox) is null)
            return;

        AsyncTransfer<TRegisters>? transfer = Interlocked.Exchange(ref _inbox, null);
        AsyncTransfer<TRegisters>? oldest = null;
        AsyncTransfer<TRegisters>? newest = transfer;
        while (transfer is not null)
        {
            AsyncTransfer<TRegisters>? next = transfer.Next;
            transfer.Next = oldest;
            oldest = transfer;
            transfer = next;
        }

        if (_first is null)
            _first = oldest;
        else
            _last!.Next = oldest;
        _last = newest;
    }

    private bool StepAll(out bool isAsleep)
    {
        bool hasProgress = false;
        isAsleep = true;
        AsyncTransfer<TRegisters>? previous = null;
        AsyncTransfer<TRegisters>? transfer = _first;
        while (transfer is not null)
        {
            hasProgress |= transfer.Step();
            AsyncTransfer<TRegisters>? next = transfer.Next;
            if (transfer.IsDone)
            {
                Unlink(previous, transfer);
                transfer.Complete();
            }
            else
            {
                isAsleep &= transfer.IsAsleep;
                previous = transfer;
            }

            transfer = next;
        }

        return hasProgress;
    }

    private void Unlink(AsyncTransfer<TRegisters>? previous, AsyncTransfer<TRegisters> transfer)
    {
        if (previous is null)
            _first = transfer.Next;
        else
            previous.Next = transfer.Next;
        if (_last == transfer)
            _last = previous;
        transfer.Next = null;
    }
}
