using FlashKV.Superpipe.Recovery;

namespace FlashKV.Superpipe.Commands;

/// <summary>How a batch waits: for responses, for its turn after a delay, for a recovery.</summary>
internal unsafe partial struct BatchRunner<TRegisters>
{
    /// <summary>Idle rounds between two looks at registers, events and the clock.</summary>
    private const int HealthInterval = 256;

    /// <summary>
    /// Looks at the registers between two looks at the events, which cost a call.
    /// </summary>
    private const int EventInterval = 16;

    /// <summary>Idle rounds after which the thread offers its processor to others.</summary>
    private const int YieldAfter = 1024;

    private void Idle()
    {
        _idle++;
        if ((_idle % HealthInterval == 0 || _queue.SawAllOnes) && !IsHealthy())
            return;
        if (_delayed.Count != 0 && HasOnlyDelayed())
        {
            Pause();
            return;
        }

        if (_idle > YieldAfter)
            Thread.Yield();
        _queue.Wait();
    }

    private bool IsHealthy()
    {
        RestoreReason reason = _queue.CheckRegisters();
        if (reason == RestoreReason.None && _idle % (HealthInterval * EventInterval) == 0)
            reason = _context.TakeEvents();
        if (reason == RestoreReason.None)
            reason = LookAtClock();
        if (reason == RestoreReason.None)
            return true;

        Restore(reason);
        return false;
    }

    private RestoreReason LookAtClock()
    {
        TimeSpan now = _context.Clock.Now;
        if (_delayed.Count != 0)
            WakeDelayed(now);

        _idleSince ??= now;
        TimeSpan idle = now - _idleSince.Value;
        if (InFlight > 0)
            return idle >= _context.ResponseTimeout ? RestoreReason.Stuck : RestoreReason.None;

        // Neither blocks nor rooms. Others' commands end or are reset within the limit, and then
        // this batch goes on, so after twice the limit something is wrong with the adapter.
        if (_delayed.Count == 0 && idle >= 2 * _context.ResponseTimeout)
        {
            _failure.Set("Waiting for a command room", Errno.Busy);
            Stop();
        }

        return RestoreReason.None;
    }

    private readonly bool HasOnlyDelayed() => InFlight == 0 && _ready.Count == 0;

    // Delays block the thread outside the gate, so that a recovery need not wait for them.
    private void Pause()
    {
        // SAFETY: the commands in the list are this thread's.
        long due = _queue.Memory.State(_delayed.Head)->Due;
        TimeSpan delay = TimeSpan.FromTicks(due) - _context.Clock.Now;
        if (delay > TimeSpan.Zero)
        {
            Sate();
            Leave();
            _context.Clock.Delay(delay);
            Rejoin();
        }

        WakeDelayed(_context.Clock.Now);
        _idleSince = null;
    }

    // Every delay is equally long, so the list is in the order of its due times.
    private void WakeDelayed(TimeSpan now)
    {
        // SAFETY: as in Pause.
        while (_delayed.Count != 0 && _queue.Memory.State(_delayed.Head)->Due <= now.Ticks)
            _ready.Append(_queue.Memory, _delayed.Pop(_queue.Memory));
    }

    private void Restore(RestoreReason reason)
    {
        // Read while registered: it names the state of things in which the reason was seen.
        uint generation = _queue.Generation;
        Leave();
        _context.Restore(reason, generation);
        Rejoin();

        // Where nothing was wrong, the time that the batch has waited goes on to count.
        if (_queue.Generation != generation)
            _idleSince = null;
        _idle = 0;
    }

    // Registers again; or, when the context has ended, gives up what was not sent. Everything in
    // flight has then been returned already.
    private void Rejoin()
    {
        Leave();
        while (true)
        {
            if (_context.Gate.TryEnter(_stripe))
            {
                _isRegistered = true;
                return;
            }

            ContextPhase phase = _context.Gate.WaitUntilSettled();
            if (phase is ContextPhase.Failed or ContextPhase.Closed)
            {
                if (!IsDone)
                    _failure.Set("Transfer", _context.EndErrno);
                Stop();
                return;
            }
        }
    }

    private void Leave()
    {
        if (!_isRegistered)
            return;

        _isRegistered = false;
        _context.Gate.Exit(_stripe);
    }

    /// <summary>
    /// Ends the context, and waits until every command of the batch has been given back.
    /// </summary>
    internal void GiveUp()
    {
        Leave();
        _context.Break();
        _failure.Set("Transfer", _context.EndErrno);
        Stop();
        while (!IsDone)
            TakeReturned();
    }
}
