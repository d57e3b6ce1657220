using FlashKV.Superpipe.Abi;

namespace FlashKV.Superpipe.Commands;

/// <summary>What becomes of commands that did not simply end.</summary>
internal unsafe partial struct BatchRunner<TRegisters>
{
    private bool TakeReturned()
    {
        if (Volatile.Read(ref _batch->Returned) < 0)
            return false;

        int index = OldestFirst(Interlocked.Exchange(ref _batch->Returned, -1));
        while (index >= 0)
        {
            // SAFETY: a returned command is this thread's again.
            int next = _queue.Memory.State(index)->Next;
            Settle(index);
            index = next;
        }

        if (_attentions.Count != 0)
            Verify();
        _idleSince = null;
        return true;
    }

    // The stack has the newest on top; commands are sent again in the order of their responses.
    private readonly int OldestFirst(int index)
    {
        int previous = -1;
        while (index >= 0)
        {
            // SAFETY: as in TakeReturned.
            ref int next = ref _queue.Memory.State(index)->Next;
            int following = next;
            next = previous;
            previous = index;
            index = following;
        }

        return previous;
    }

    private void Settle(int index)
    {
        // SAFETY: as in TakeReturned.
        CommandState* state = _queue.Memory.State(index);
        if (_isStopped && state->Status != CommandStatus.Held)
        {
            Drop(index);
            return;
        }

        switch (state->Status)
        {
            case CommandStatus.Halted:
                Interlocked.Increment(ref _queue.Counters.Reissued);
                _ready.Append(_queue.Memory, index);
                break;
            case CommandStatus.Aborted when state->Faulted != 0:
                Fail(index, Errno.BadAddress);
                break;
            case CommandStatus.Aborted:
                Retry(index, CompletionVerdict.Retry(Errno.TimedOut, RetryReason.ContextReset));
                break;
            case CommandStatus.Abandoned:
                Fail(index, _context.EndErrno);
                break;
            case CommandStatus.Held:
                // Whatever else has befallen the batch, its caller has to hear of this.
                _failure.HoldsBuffers = true;
                _queue.Counters.CountHeld();
                Fail(index, _context.EndErrno);
                break;
            default:
                Judge(index);
                break;
        }
    }

    private void Judge(int index)
    {
        CompletionVerdict verdict = CompletionPolicy.Decide(*_queue.Memory.Ioasa(index));
        switch (verdict.Action)
        {
            case CompletionAction.Done:
                Drop(index);
                break;
            case CompletionAction.Retry:
                Retry(index, verdict);
                break;
            case CompletionAction.RetryLater:
                RetryLater(index, verdict);
                break;
            case CompletionAction.Verify:
                if (CanRetry(index, verdict))
                    _attentions.Append(_queue.Memory, index);
                break;
            default:
                Fail(index, verdict.Errno);
                break;
        }
    }

    // One call tells the driver of all unit attentions that came together. ENODEV says that the
    // driver could not read the capacity on the path of the device's node (SP §2.6): a link is down,
    // and commands take another path. If the adapter is gone, they will find out.
    private void Verify()
    {
        // SAFETY: the commands in the list are this thread's.
        Bytes20 sense = _queue.Memory.Ioasa(_attentions.Head)->SenseData;
        Interlocked.Increment(ref _queue.Counters.UnitAttentions);
        Leave();
        Errno errno = _context.Verify(_lun, sense[..DkCxlflashVerify.SenseLength]);
        Rejoin();

        while (_attentions.Count != 0)
        {
            int index = _attentions.Pop(_queue.Memory);
            if (_isStopped)
                Drop(index);
            else if (errno is not (Errno.None or Errno.NoDevice))
                Fail(index, errno);
            else
                _ready.Append(_queue.Memory, index);
        }
    }

    private void Retry(int index, in CompletionVerdict verdict)
    {
        if (CanRetry(index, verdict))
            _ready.Append(_queue.Memory, index);
    }

    private void RetryLater(int index, in CompletionVerdict verdict)
    {
        if (!CanRetry(index, verdict))
            return;

        Interlocked.Increment(ref _queue.Counters.Delays);
        // SAFETY: as in TakeReturned.
        _queue.Memory.State(index)->Due = (_context.Clock.Now + _context.RetryDelay).Ticks;
        _delayed.Append(_queue.Memory, index);
    }

    // Counts a retry; without one left the command has failed.
    private bool CanRetry(int index, in CompletionVerdict verdict)
    {
        // SAFETY: as in TakeReturned.
        CommandState* state = _queue.Memory.State(index);
        if (state->Retries == CompletionPolicy.MaxRetries)
        {
            Fail(index, verdict.Errno);
            return false;
        }

        state->Retries++;
        _queue.Counters.CountRetry(verdict.Reason);
        return true;
    }

    private void Fail(int index, Errno errno)
    {
        // SAFETY: as in TakeReturned.
        SislIoasa ioasa = _queue.Memory.State(index)->Status == CommandStatus.Failed
            ? *_queue.Memory.Ioasa(index)
            : default;
        _failure.Set(errno, _queue.Memory.Ioarcb(index), ioasa, _target.BlocksPerBlock);
        Interlocked.Increment(ref _queue.Counters.Failures);
        Drop(index);
        Stop();
    }

    // Nothing more is sent; what is in flight is waited for.
    private void Stop()
    {
        _isStopped = true;
        Sate();
        while (_reserved.Count != 0)
            Drop(_reserved.Pop(_queue.Memory));
        while (_ready.Count != 0)
            Drop(_ready.Pop(_queue.Memory));
        while (_delayed.Count != 0)
            Drop(_delayed.Pop(_queue.Memory));
        while (_attentions.Count != 0)
            Drop(_attentions.Pop(_queue.Memory));
    }
}
