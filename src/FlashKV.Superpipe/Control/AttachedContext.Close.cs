using FlashKV.Superpipe.Abi;
using FlashKV.Superpipe.Commands;
using FlashKV.Superpipe.Diagnostics;
using FlashKV.Superpipe.Recovery;

namespace FlashKV.Superpipe.Control;

/// <summary>The end of a context: closed by its owner, or because the device is gone.</summary>
internal sealed partial class AttachedContext<TRegisters>
{
    /// <summary>With a poll each 10 milliseconds: 5 seconds.</summary>
    private const int MaxClosePolls = 500;

    private const int MaxCloseYields = 1000;

    private static readonly TimeSpan s_closePoll = TimeSpan.FromMilliseconds(10);

    private volatile bool _isClosing;
    private int _isDisposed;

    protected override void Dispose(bool disposing)
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) != 0)
            return;

        _isClosing = true;
        WaitForTransfers();
        Close();

        SuperpipeMetrics.Unregister(Queue.Counters);

        // A thread that has not yet noticed still holds blocks; then the finalizer frees them.
        if (Queue.IsIdle)
            Queue.Memory.Dispose();
        foreach (Attachment attachment in _attachments)
            attachment.Channel.RemoveReference();
    }

    private void WaitForTransfers()
    {
        for (int i = 0; i < MaxCloseYields && !Queue.IsIdle; i++)
            Thread.Yield();
        for (int i = 0; i < MaxClosePolls && !Queue.IsIdle; i++)
            Clock.Delay(s_closePoll);
    }

    private void Close()
    {
        while (!Gate.TryClose())
        {
            if (Gate.WaitUntilSettled() != ContextPhase.Open)
                return;
        }

        lock (_control)
        {
            Gate.WaitUntilEmpty();
            Queue.Drain();
            EndErrno = Errno.BadDescriptor;
            foreach (LunHandle lun in _luns)
                lun.MarkDisposed();
            EndAndSettle(ContextPhase.Closed);
        }
    }

    // Once DETACH has done its work, the AFU does not touch the process's memory any more, and so
    // what was in flight can be given back to its callers. If it could not, since the device does
    // not end what it is doing, they are told so.
    private void EndAndSettle(ContextPhase phase)
    {
        bool isTakenBack = false;
        try
        {
            ReleaseAll();
            Unmap();
            isTakenBack = TryDetach();
            CloseDescriptor();
        }
        finally
        {
            Queue.TakeBack(isTakenBack ? CommandStatus.Abandoned : CommandStatus.Held);
            Gate.Settle(phase);
        }
    }

    private bool TryDetach()
    {
        bool isDetached = true;
        foreach (Attachment attachment in _attachments)
            isDetached &= DetachFrom(ChannelOf(attachment)) != Errno.TimedOut;
        return isDetached;
    }

    // A driver that cannot end a transfer waits for it in every call, so one such wait is enough.
    // DETACH releases what is left.
    private void ReleaseAll()
    {
        Errno errno = Errno.None;
        foreach (LunHandle lun in _luns)
        {
            if (errno == Errno.TimedOut)
                break;

            DkCxlflashRelease argument = default;
            argument.ContextId = _id;
            argument.RsrcHandle = lun.Handle;
            errno = ChannelOf(lun.Attachment).Ioctl(IoctlRequest.Release, ref argument);
        }

        _luns.Clear();
    }

    private void Unmap()
    {
        if (!_isMapped)
            return;

        _isMapped = false;
        _transport.Unmap(_window);
    }
}
