namespace FlashKV.Superpipe.Commands;

/// <summary>How a batch is carried on that no thread waits for: one round at a time.</summary>
internal unsafe partial struct BatchRunner<TRegisters>
{
    /// <summary>Whether the batch waits for nothing but the delays of its commands.</summary>
    internal readonly bool IsAsleep => _delayed.Count != 0 && HasOnlyDelayed();

    /// <summary>
    /// A round on the thread of a caller who will not wait: what fails, is lost or is under
    /// recovery is left for <see cref="Step"/>.
    /// </summary>
    /// <returns>Whether there was progress.</returns>
    internal bool StepInline(ReadOnlySpan<BlockTransfer> transfers)
    {
        if (Volatile.Read(ref _batch->Returned) >= 0 || !_context.Gate.TryEnter(_stripe))
            return false;

        _isRegistered = true;
        try
        {
            bool hasProgress = Submit(transfers, out _);
            hasProgress |= _queue.Harvest() != 0;
            hasProgress |= NoteCompletions();
            if (!hasProgress)
                _queue.DriveAdapter();
            return hasProgress;
        }
        finally
        {
            Leave();
        }
    }

    /// <summary>
    /// A round on a thread that carries batches on. It may wait for a recovery or carry one out.
    /// </summary>
    /// <returns>Whether there was progress.</returns>
    internal bool Step(ReadOnlySpan<BlockTransfer> transfers)
    {
        Rejoin();
        try
        {
            bool hasProgress = TakeReturned();
            if (IsDone)
                return true;

            hasProgress |= _isRegistered && Advance(transfers);
            if (!hasProgress && _isRegistered)
                Rest();
            return hasProgress;
        }
        finally
        {
            Leave();
        }
    }

    /// <summary>
    /// Sends nothing more. The batch is done when what is in flight has ended: a single command
    /// cannot be taken back from the AFU, which may touch its buffer until then.
    /// </summary>
    internal void Cancel()
    {
        if (!_isStopped)
            Stop();
    }

    private void Rest()
    {
        _idle++;
        if (IsAsleep)
            WakeDelayed(_context.Clock.Now);
        else if ((_idle % HealthInterval != 0 && !_queue.SawAllOnes) || IsHealthy())
            _queue.Wait();
    }
}
