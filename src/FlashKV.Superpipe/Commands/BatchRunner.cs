using System.Numerics;
using System.Runtime.CompilerServices;
using FlashKV.Superpipe.Control;
using FlashKV.Superpipe.Recovery;

namespace FlashKV.Superpipe.Commands;

/// <summary>
/// The way of one batch: it claims blocks, takes rooms, sends, harvests for itself and others, and
/// looks at what failed, until every command of the batch has ended. One thread at a time is at
/// work on it. A batch that is waited for has its runner on the stack of the thread that waits; an
/// asynchronous one is stepped by an <see cref="AsyncTransfers{TRegisters}"/>.
/// </summary>
internal unsafe partial struct BatchRunner<TRegisters>
    where TRegisters : struct, IRegisterWindow
{
    private const int MaxReady = 64;

    private readonly AttachedContext<TRegisters> _context;
    private readonly CommandQueue<TRegisters> _queue;
    private readonly LunHandle _lun;
    private readonly LunTarget _target;
    private readonly CommandBatch* _batch;
    private readonly int _stripe;
    private TransferCursor _cursor;
    private CommandList _reserved;
    private CommandList _ready;
    private CommandList _delayed;
    private CommandList _attentions;
    private BatchFailure _failure;
    private long _claimed;
    private long _ended;
    private long _seen;
    private TimeSpan? _idleSince;
    private int _idle;
    private int _stoodBack;
    private bool _isStopped;
    private bool _isRegistered;
    private bool _isHungry;

    /// <summary>Begins a batch.</summary>
    /// <param name="context">The context.</param>
    /// <param name="lun">A LUN of the context.</param>
    /// <param name="count">The number of transfers, which have been checked.</param>
    /// <param name="batch">An empty batch at an address that stays until this one has ended.</param>
    internal BatchRunner(
        AttachedContext<TRegisters> context, LunHandle lun, int count, CommandBatch* batch)
    {
        _context = context;
        _queue = context.Queue;
        _lun = lun;
        _target = lun.Target;
        _batch = batch;
        _stripe = context.Gate.StripeOfThread();
        _cursor = new TransferCursor(count, _target.MaxBlocks);
    }

    /// <summary>
    /// Whether nothing is left to send and every command has ended, well or not.
    /// </summary>
    internal readonly bool IsDone => (_isStopped || _cursor.IsAtEnd)
        && _claimed == _ended + Volatile.Read(ref _batch->Completed);

    /// <summary>Why the batch failed; <see langword="null"/> if it did not.</summary>
    internal readonly DeviceException? Failure => _failure.IsSet ? _failure.ToException() : null;

    private readonly long InFlight => _claimed - _ended - Volatile.Read(ref _batch->Completed)
        - _reserved.Count - _ready.Count - _delayed.Count - _attentions.Count;

    // Everything is sent and something in flight: a further round would find nothing to do.
    private readonly bool HasOnlyToWait => _cursor.IsAtEnd && _ready.Count == 0
        && Volatile.Read(ref _batch->Returned) < 0 && InFlight > 0;

    /// <summary>Runs a batch to its end.</summary>
    /// <param name="context">The context.</param>
    /// <param name="lun">A LUN of the context.</param>
    /// <param name="transfers">The batch, checked.</param>
    /// <param name="commands">
    /// 0, or the number of commands that must find a block at once if the batch is to begin.
    /// </param>
    /// <returns><see langword="false"/> when they did not.</returns>
    /// <exception cref="DeviceException">A command failed; all have ended.</exception>
    internal static bool Run(
        AttachedContext<TRegisters> context,
        LunHandle lun,
        ReadOnlySpan<BlockTransfer> transfers,
        int commands)
    {
        // SAFETY: other threads reach the batch only through commands that have not ended, and
        // Drive does not return before all have.
        CommandBatch batch = CommandBatch.Empty;
        BatchRunner<TRegisters> runner = new(context, lun, transfers.Length, &batch);
        bool hasRun = runner.RunToEnd(transfers, commands);
        GC.KeepAlive(context);
        if (runner._failure.IsSet)
            Throw(runner._failure.ToException());
        return hasRun;

        static void Throw(DeviceException exception) => throw exception;
    }

    /// <summary>
    /// Claims command blocks for a whole batch or none, so that it need not wait for other threads'.
    /// </summary>
    internal bool TryReserve(int commands)
    {
        if (commands != 0 && _queue.HasHungry)
            return false;

        while (_reserved.Count < commands && !_isStopped)
        {
            if (TryClaim(commands - _reserved.Count))
                continue;

            while (_reserved.Count != 0)
                Drop(_reserved.Pop(_queue.Memory));
            return false;
        }

        return true;
    }

    private bool RunToEnd(ReadOnlySpan<BlockTransfer> transfers, int commands)
    {
        try
        {
            Rejoin();
            if (!TryReserve(commands))
                return false;

            Drive(transfers);
            return true;
        }
        catch
        {
            // The window or the driver threw in the middle of things. The AFU may still write to
            // the buffers, so the context has to end before this thread may leave.
            GiveUp();
            throw;
        }
        finally
        {
            Leave();
        }
    }

    private void Drive(ReadOnlySpan<BlockTransfer> transfers)
    {
        while (true)
        {
            if (!_context.Gate.IsOpen)
                Rejoin();
            bool hasProgress = TakeReturned();
            if (IsDone)
                return;

            hasProgress |= _isRegistered && Advance(transfers);
            if (_isRegistered && (!hasProgress || HasOnlyToWait))
                Idle();
        }
    }

    // Sends what can be sent and takes what has been answered. Only while registered.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool Advance(ReadOnlySpan<BlockTransfer> transfers)
    {
        bool hasProgress = Submit(transfers, out RestoreReason reason);
        if (reason != RestoreReason.None)
        {
            Restore(reason);
            return true;
        }

        hasProgress |= _queue.Harvest() != 0;
        return hasProgress | NoteCompletions();
    }

    // Claims command blocks for what is left of the batch, and sends what there is room for.
    private bool Submit(ReadOnlySpan<BlockTransfer> transfers, out RestoreReason reason)
    {
        reason = RestoreReason.None;
        if (_queue.HasHungry && MustStandBack())
            return false;

        bool hasFilled = Fill(transfers);
        if (_ready.Count == 0)
        {
            if (!_cursor.IsAtEnd)
                NoteHunger();
            return hasFilled;
        }

        int rooms = _queue.TakeRooms(_ready.Count, out reason);
        if (rooms == 0)
        {
            NoteHunger();
            if (_idle == 0)
                Interlocked.Increment(ref _queue.Counters.RoomWaits);
            return hasFilled;
        }

        _queue.Send(ref _ready, rooms);
        Sate();
        return true;
    }

    private bool Fill(ReadOnlySpan<BlockTransfer> transfers)
    {
        bool hasFilled = false;
        while (_ready.Count < MaxReady && !_cursor.IsAtEnd && !_isStopped)
        {
            if (_reserved.Count == 0
                && !TryClaim(_cursor.CountAhead(transfers, MaxReady - _ready.Count)))
                break;

            while (_reserved.Count != 0)
                FillOne(transfers, _reserved.Pop(_queue.Memory));
            hasFilled = true;
        }

        return hasFilled;
    }

    private bool TryClaim(int wanted)
    {
        if (!_queue.TryClaim(wanted, _stripe, out int first, out ulong mask))
            return false;

        _claimed += BitOperations.PopCount(mask);
        for (; mask != 0; mask &= mask - 1)
        {
            int index = first + BitOperations.TrailingZeroCount(mask);
            // SAFETY: the block is this thread's from the claim on.
            CommandState* state = _queue.Memory.State(index);
            *state = new CommandState { Batch = _batch, Status = CommandStatus.Ready };
            _reserved.Append(_queue.Memory, index);
        }

        return true;
    }

    private void FillOne(ReadOnlySpan<BlockTransfer> transfers, int index)
    {
        CommandBuilder.Fill(
            _queue.Memory.Ioarcb(index), _target, _cursor.Next(transfers), _queue.Memory.Zeros,
            _queue.CanUnmap);
        _ready.Append(_queue.Memory, index);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool NoteCompletions()
    {
        long completed = Volatile.Read(ref _batch->Completed);
        if (completed == _seen)
            return false;

        _seen = completed;
        _idleSince = null;
        _idle = 0;
        return true;
    }

    private void Drop(int index)
    {
        _queue.Free(index);
        _ended++;
    }
}
