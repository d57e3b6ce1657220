using FlashKV.Superpipe;

namespace FlashKV.SimBackend.Driver;

/// <content>Commands to the AFU itself: retries and errors (SP §3.12).</content>
internal sealed partial class AdapterDriver
{
    private readonly Queue<AfuCommandOutcome> _outcomes = new();

    /// <summary>Says how the next sending of a command to the AFU ends; one per call.</summary>
    internal void InjectOutcome(AfuCommandOutcome outcome)
    {
        lock (_lock)
        {
            _outcomes.Enqueue(outcome);
        }
    }

    /// <summary>Makes a later sync of the AFU's caches end with an error; one per call.</summary>
    /// <param name="errno">
    /// None, EIO, EAGAIN, ENOMEM, ENOBUFS or ETIMEDOUT (with context resets that work).
    /// </param>
    internal void InjectSyncFault(Errno errno)
    {
        AfuCommandOutcome outcome = errno switch
        {
            Errno.None => AfuCommandOutcome.Good,
            Errno.InputOutput => AfuCommandOutcome.Refused,
            Errno.TryAgain => AfuCommandOutcome.Aborted,
            Errno.OutOfMemory => AfuCommandOutcome.NoMemory,
            Errno.NoBuffers => AfuCommandOutcome.NoRoom,
            Errno.TimedOut => AfuCommandOutcome.Timeout,
            _ => throw new ArgumentOutOfRangeException(nameof(errno)),
        };
        InjectOutcome(outcome);
        if (outcome is AfuCommandOutcome.Aborted or AfuCommandOutcome.Timeout)
        {
            // Both are tried again once.
            InjectOutcome(outcome);
        }
    }

    // The AFU reads the tables themselves and the lanes are closed while they change, so that a
    // sync, light or heavy, has nothing left to do but to succeed or, for a test, to fail.
    private Errno Sync() => SendAfuCommand(static () => true);

    // Says how a command to the AFU ends. In a state other than normal nothing is sent.
    private Errno SendAfuCommand(Func<bool> execute)
    {
        if (State != AdapterState.Normal)
        {
            return Errno.None;
        }

        Errno errno = SendOnce(execute, out bool isTriedAgain);
        return isTriedAgain ? SendOnce(execute, out _) : errno;
    }

    private Errno SendOnce(Func<bool> execute, out bool isTriedAgain)
    {
        AfuCommandOutcome outcome = _outcomes.TryDequeue(out AfuCommandOutcome injected)
            ? injected
            : AfuCommandOutcome.Good;
        isTriedAgain = outcome is AfuCommandOutcome.Timeout or AfuCommandOutcome.Aborted;
        switch (outcome)
        {
            case AfuCommandOutcome.Good:
                return execute() ? Errno.None : Errno.InputOutput;
            case AfuCommandOutcome.Refused:
                return Errno.InputOutput;
            case AfuCommandOutcome.Aborted:
                return Errno.TryAgain;
            case AfuCommandOutcome.NoRoom:
                return Errno.NoBuffers;
            case AfuCommandOutcome.NoMemory:
                return Errno.OutOfMemory;
            case AfuCommandOutcome.TimeoutAndResetFails:
                // The reset of the adapter comes when this ioctl has ended.
                Interlocked.Increment(ref _pendingResets);
                return Errno.TimedOut;
            default:
                return Has(OriginalDefects.RepeatedTimeoutSucceeds) ? Errno.None : Errno.TimedOut;
        }
    }
}
