using FlashKV.Superpipe.Abi;
using FlashKV.Superpipe.Commands;
using FlashKV.Superpipe.Diagnostics;
using FlashKV.Superpipe.Recovery;

namespace FlashKV.Superpipe.Control;

/// <summary>
/// Recovery of a lost adapter, context reset, and the end of a context. One thread at a time,
/// alone: it has closed the gate and found it empty, and it holds the lock of the calls.
/// </summary>
internal sealed partial class AttachedContext<TRegisters>
{
    private const int MaxRecoveryAttempts = 64;
    private const int MaxResetPolls = 2500;

    private static readonly TimeSpan s_recoveryDelay = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan s_resetPoll = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan s_resetInterval = TimeSpan.FromSeconds(1);

    private TimeSpan? _lastReset;
    private bool _isMapped;
    private long _takenBack;

    /// <summary>Why the context has ended.</summary>
    internal Errno EndErrno { get; private set; } = Errno.NoDevice;

    /// <summary>
    /// Restores the context, unless another thread is doing so or has done so since the caller saw
    /// the reason. The caller is not registered in the gate and holds no lock.
    /// </summary>
    /// <param name="reason">What the caller saw.</param>
    /// <param name="generation">The generation in which the caller saw it.</param>
    internal void Restore(RestoreReason reason, uint generation)
    {
        TimeSpan closed = Clock.Now;
        if (!Gate.TryClose())
            return;

        lock (_control)
        {
            Gate.WaitUntilEmpty();
            ContextPhase phase = ContextPhase.Failed;
            try
            {
                if (Queue.Generation != generation || TryRestore(reason, closed))
                    phase = ContextPhase.Open;
            }
            finally
            {
                if (phase == ContextPhase.Failed)
                    EndAndSettle(phase);
                else
                    Gate.Settle(phase);
            }
        }
    }

    /// <summary>Ends the context after the transport threw.</summary>
    internal void Break()
    {
        while (!Gate.TryClose())
        {
            if (Gate.WaitUntilSettled() != ContextPhase.Open)
                return;
        }

        lock (_control)
        {
            Gate.WaitUntilEmpty();
            EndAndSettle(ContextPhase.Failed);
        }
    }

    // The driver looks the context up by a LUN that is in it. Before the first is known, it is the
    // one of the attach under way.
    private DeviceChannel<TRegisters> RecoveryChannel =>
        _attachments.Count == 0 ? _channel : ChannelOf(_attachments[0]);

    private bool TryRestore(RestoreReason reason, TimeSpan closed)
    {
        using RestoreActivity activity = RestoreActivity.Begin(_channel.Path, reason);
        activity.SetWaited(Clock.Now - closed);
        long recoveries = Queue.Counters.Recoveries;
        uint generation = Queue.Generation;
        _takenBack = 0;

        // What has been answered before the loss has been answered.
        Queue.Drain();
        bool isRestored = reason == RestoreReason.Stuck
            ? TryReset() || TryRecover(mustReset: true)
            : TryRecover(mustReset: false);

        // What callers feel began when the gate was closed.
        TimeSpan duration = Clock.Now - closed;
        Interlocked.Add(ref Queue.Counters.RecoveryTicks, duration.Ticks);
        string outcome = !isRestored ? "gone"
            : Queue.Counters.Recoveries != recoveries ? "recovered"
            : Queue.Generation != generation ? "reset"
            : "unharmed";
        SuperpipeMetrics.RecordRestore(_channel.Path, outcome, duration);
        activity.SetOutcome(outcome, _takenBack, !isRestored);
        return isRestored;
    }

    // A context reset aborts all commands of the context; none of them will be answered.
    private bool TryReset()
    {
        WaitForResetInterval();
        ulong register = Queue.ContextReset(begin: true);
        for (int i = 0; i < MaxResetPolls; i++)
        {
            if (register == SislHostMap.AllOnes)
                return false;
            if ((register & SislHostMap.ContextResetBusy) == 0)
            {
                FinishReset();
                return true;
            }

            Clock.Delay(s_resetPoll);
            register = Queue.ContextReset(begin: false);
        }

        return false;
    }

    private void WaitForResetInterval()
    {
        TimeSpan due = _lastReset + s_resetInterval ?? TimeSpan.Zero;
        TimeSpan delay = due - Clock.Now;
        if (_lastReset is not null && delay > TimeSpan.Zero)
            Clock.Delay(delay);
        _lastReset = Clock.Now;
    }

    private void FinishReset()
    {
        Queue.Drain();
        if (_faultAddress != 0)
            Queue.MarkFaulted(_faultAddress);
        _faultAddress = 0;
        _takenBack += Queue.TakeBack(CommandStatus.Aborted);
        Interlocked.Increment(ref Queue.Counters.ContextResets);
    }

    private bool TryRecover(bool mustReset)
    {
        for (int attempt = 0; attempt < MaxRecoveryAttempts; attempt++)
        {
            if (attempt != 0)
                Clock.Delay(s_recoveryDelay);

            DkCxlflashRecoverAfu answer = default;
            answer.ContextId = _id;
            Errno errno = RecoveryChannel.Ioctl(IoctlRequest.RecoverAfu, ref answer);
            if (errno is Errno.TryAgain or Errno.Interrupted)
                continue;
            if (errno != Errno.None)
                return false;

            if (!answer.Hdr.ReturnFlags.HasFlag(DkCxlflashReturnFlags.RecoverAfuContextReset))
            {
                if (!Queue.IsLost)
                    return !mustReset;
                continue;
            }

            if (!TryTakeOver(answer, out bool isConnected))
                return false;
            if (isConnected)
                return true;
        }

        return false;
    }

    // The context has a new id, descriptor and window; handles stay as they were.
    private bool TryTakeOver(in DkCxlflashRecoverAfu answer, out bool isConnected)
    {
        isConnected = false;
        int oldDescriptor = _descriptor;
        bool closesOld = _closesDescriptor;
        _id = answer.ContextId;
        _descriptor = (int)answer.AdapFd;
        _closesDescriptor =
            answer.Hdr.ReturnFlags.HasFlag(DkCxlflashReturnFlags.AppCloseAdapFd);

        bool usesRing = answer.Hdr.ReturnFlags.HasFlag(DkCxlflashReturnFlags.ContextSqCmdMode);
        TRegisters window = default;
        bool isMapped = usesRing == Queue.UsesSubmissionQueue
            && Map(_descriptor, answer.MmioSize, out window) == Errno.None;

        Unmap();
        if (closesOld)
            _transport.Close(oldDescriptor);
        if (!isMapped)
            return false;

        _window = window;
        _isMapped = true;
        isConnected = Queue.Connect(window, new ContextId(_id).Handle);
        _takenBack += Queue.TakeBack(CommandStatus.Halted);
        Interlocked.Increment(ref Queue.Counters.Recoveries);
        return true;
    }
}
