using FlashKV.Superpipe;
using FlashKV.Superpipe.Abi;

namespace FlashKV.SimBackend.Driver;

/// <content>RECOVER_AFU (SP §3.6).</content>
internal sealed partial class AdapterDriver
{
    private const int LocalRecoveryTries = 20;

    // The original tries for ever while two wait for a seat that neither gets.
    private const int AllRecoveryTries = 600;

    private int _recoveryThreads;
    private bool _isRecovering;

    private Errno RecoverAfu(DeviceCall call, ref DkCxlflashRecoverAfu argument)
    {
        _recoveryThreads++;
        bool isLocked = TryBeginRecovery(call.Process);
        try
        {
            if (!isLocked)
            {
                return Errno.Interrupted;
            }

            return CheckState(call.Process) == Errno.None
                ? RecoverInTurn(call, ref argument, out isLocked)
                : Errno.NoDevice;
        }
        finally
        {
            if (isLocked)
            {
                EndRecovery();
            }

            _recoveryThreads--;
        }
    }

    // One recovery at a time.
    private bool TryBeginRecovery(HostProcess process)
    {
        while (_isRecovering)
        {
            Monitor.Wait(_lock);
            if (process.TakeInterruptUnsynchronized())
            {
                return false;
            }
        }

        _isRecovering = true;
        return true;
    }

    private void EndRecovery()
    {
        _isRecovering = false;
        Monitor.PulseAll(_lock);
    }

    // The context is looked up again after each sleep, since it may be gone by then.
    private Errno RecoverInTurn(
        DeviceCall call, ref DkCxlflashRecoverAfu argument, out bool isLocked)
    {
        isLocked = true;
        int localTries = LocalRecoveryTries;
        for (int tries = 0; ; tries++)
        {
            DriverContext? context = FindUnlocked(
                argument.ContextId, call.Caller, call.Lun, ContextLookup.ErrorFallback);
            if (context is null)
            {
                return Errno.InvalidArgument;
            }

            if (!context.IsInError)
            {
                // Nothing was wrong, unless the adapter is lost and the driver does not know yet.
                if (!IsMasterLost())
                {
                    return Errno.None;
                }

                Sleep(TimeSpan.FromSeconds(1));
                Errno state = CheckState(call.Process);
                if (state != Errno.None)
                {
                    return state;
                }

                continue;
            }

            bool isIdle = context.Afu.TryCloseLanes(BriefMilliseconds);
            if (isIdle)
            {
                context.Afu.OpenLanes();
                Errno errno = RecoverContext(call.Process, context, ref argument);
                bool mayTryAgain = errno == Errno.NoDevice && tries < AllRecoveryTries
                    && (_recoveryThreads > 1 || localTries-- > 0);
                if (!mayTryAgain)
                {
                    return errno;
                }
            }

            // Others have their turn while this one waits.
            EndRecovery();
            isLocked = false;
            if (isIdle)
            {
                Sleep(TimeSpan.FromMilliseconds(100));
            }
            else if (!TryAwaitTransfers(context))
            {
                return Errno.NoDevice;
            }

            isLocked = TryBeginRecovery(call.Process);
            if (!isLocked)
            {
                return Errno.Interrupted;
            }
        }
    }

    // The client gets its memory back with the new window, so the last transfer of the old one must
    // have ended; a context that was lost begins none.
    private bool TryAwaitTransfers(DriverContext context)
    {
        bool isIdle = TryCloseLanes(context);
        if (isIdle)
        {
            LetGo(context);
        }

        return isIdle;
    }

    private bool IsMasterLost() => _faults.Strikes(DriverFault.MasterMailbox);

    private Errno RecoverContext(
        HostProcess process, DriverContext context, ref DkCxlflashRecoverAfu argument)
    {
        Errno errno = OpenContextFile(process.Caller, context.Interrupts, out ContextFile? file);
        if (errno != Errno.None)
        {
            return errno;
        }

        if (!TrySetUp(file!.Afu, context))
        {
            file.Afu.Lose();
            return Errno.TryAgain;
        }

        context.File = file;
        _contexts.Restore(context);
        argument.ContextId = context.Id.Value;
        argument.AdapFd = (ulong)Install(process, file);
        argument.MmioSize = CxlflashLimits.MmioSize;
        argument.Hdr.ReturnFlags = DkCxlflashReturnFlags.RecoverAfuContextReset
            | DkCxlflashReturnFlags.AppCloseAdapFd | SubmissionFlag;
        return Errno.None;
    }
}
