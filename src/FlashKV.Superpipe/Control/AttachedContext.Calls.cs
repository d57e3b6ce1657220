using System.Runtime.InteropServices;
using FlashKV.Superpipe.Abi;
using FlashKV.Superpipe.Recovery;

namespace FlashKV.Superpipe.Control;

/// <summary>
/// Calls of the driver, with the recovery of a context that a reset has put aside.
/// </summary>
internal sealed partial class AttachedContext<TRegisters>
{
    private const int MaxCallAttempts = 16;

    /// <summary>
    /// Issues an ioctl under the context's present id. The driver refuses most calls on a context
    /// in error; so when a call fails and the adapter reads all ones, the context is recovered and
    /// the call repeated.
    /// </summary>
    private Errno Call<TArgument>(
        DeviceChannel<TRegisters> channel,
        uint request,
        ref TArgument argument,
        int contextIdOffset)
        where TArgument : unmanaged
    {
        Errno errno = Errno.NoDevice;
        for (int attempt = 0; attempt < MaxCallAttempts; attempt++)
        {
            uint generation;
            lock (_control)
            {
                if (Gate.Phase is ContextPhase.Failed or ContextPhase.Closed)
                    return EndErrno;

                MemoryMarshal.Write(
                    MemoryMarshal.AsBytes(new Span<TArgument>(ref argument))[contextIdOffset..],
                    _id);
                errno = channel.Ioctl(request, ref argument);
                if (errno == Errno.None)
                    return errno;
                if (errno == Errno.Interrupted)
                    continue;
                if (!Queue.IsLost)
                    return errno;

                generation = Queue.Generation;
            }

            Restore(RestoreReason.Lost, generation);
            Gate.WaitUntilSettled();
        }

        return errno;
    }

    private Errno DetachFrom(DeviceChannel<TRegisters> channel)
    {
        DkCxlflashDetach argument = default;
        argument.ContextId = _id;
        return channel.Ioctl(IoctlRequest.Detach, ref argument);
    }

    private void CloseDescriptor()
    {
        if (_closesDescriptor)
            _transport.Close(_descriptor);
        _closesDescriptor = false;
    }
}
