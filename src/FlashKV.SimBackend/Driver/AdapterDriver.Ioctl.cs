using FlashKV.SimBackend.Afu;
using FlashKV.Superpipe;
using FlashKV.Superpipe.Abi;

namespace FlashKV.SimBackend.Driver;

/// <content>The dispatcher of the ioctls (SP §2.4).</content>
internal sealed partial class AdapterDriver
{
    private delegate Errno Handler<TCall, T>(TCall call, ref T argument)
        where T : unmanaged;

    /// <summary>Issues an ioctl on a device node.</summary>
    /// <param name="process">The calling process.</param>
    /// <param name="file">The open node.</param>
    /// <param name="request">The request number.</param>
    /// <param name="argument">The argument; written only on success.</param>
    /// <returns>The error number.</returns>
    internal Errno IoctlUnsynchronized(
        HostProcess process, DeviceFile file, uint request, Span<byte> argument)
    {
        ApplyPendingReset();
        Errno errno = IoctlOnDevice(process, file, request, argument);
        ApplyPendingReset();
        return errno;
    }

    private Errno IoctlOnDevice(
        HostProcess process, DeviceFile file, uint request, Span<byte> argument)
    {
        if (file.Access != DeviceAccess.ReadWrite)
        {
            return Errno.NotPermitted;
        }

        if (file.Device.IsGone)
        {
            return Errno.NoDevice;
        }

        Errno errno = CheckAdapter(process, file.Device, request);
        if (errno == Errno.None)
        {
            errno = CheckArgument(request, argument);
        }

        return errno == Errno.None
            ? Dispatch(new DeviceCall(process, file.Device), request, argument)
            : errno;
    }

    private Errno CheckAdapter(HostProcess process, ScsiDevice device, uint request)
    {
        if (!IoctlRequest.IsDk(request)
            || (InternalLunMode != 0 && NeedsVirtualLuns(request)))
        {
            return Errno.InvalidArgument;
        }

        if (request == IoctlRequest.ManageLun)
        {
            return Errno.None;
        }

        if (device.Lun is null)
        {
            return Errno.InvalidArgument;
        }

        Errno errno = CheckState(process);
        bool isLet = errno == Errno.NoDevice && WorksAfterFailure(request);
        return isLet ? Errno.None : errno;
    }

    private Errno Dispatch(DeviceCall call, uint request, Span<byte> argument) => request switch
    {
        IoctlRequest.Attach => Run<DeviceCall, DkCxlflashAttach>(call, argument, Attach),
        IoctlRequest.UserDirect => Run<DeviceCall, DkCxlflashUdirect>(call, argument, UserDirect),
        IoctlRequest.Release => Run<DeviceCall, DkCxlflashRelease>(call, argument, Release),
        IoctlRequest.Detach => Run<DeviceCall, DkCxlflashDetach>(call, argument, Detach),
        IoctlRequest.Verify => Run<DeviceCall, DkCxlflashVerify>(call, argument, Verify),
        IoctlRequest.RecoverAfu =>
            Run<DeviceCall, DkCxlflashRecoverAfu>(call, argument, RecoverAfu),
        IoctlRequest.ManageLun => Run<DeviceCall, DkCxlflashManageLun>(call, argument, ManageLun),
        IoctlRequest.UserVirtual =>
            Run<DeviceCall, DkCxlflashUvirtual>(call, argument, UserVirtual),
        IoctlRequest.VlunResize => Run<DeviceCall, DkCxlflashResize>(call, argument, VlunResize),
        IoctlRequest.VlunClone => Run<DeviceCall, DkCxlflashClone>(call, argument, VlunClone),
        _ => Errno.InvalidArgument,
    };

    // The structure is copied in, handled, and copied out only on success.
    private Errno Run<TCall, T>(
        TCall call, Span<byte> argument, Handler<TCall, T> handler)
        where T : unmanaged
    {
        T copy = AbiBytes.Read<T>(argument);
        Errno errno = handler(call, ref copy);
        if (errno != Errno.None)
        {
            return errno;
        }

        if (_faults.Strikes(DriverFault.CopyOut))
        {
            return Errno.BadAddress;
        }

        AbiBytes.Write(argument, in copy);
        return Errno.None;
    }

    private Errno CheckArgument(uint request, ReadOnlySpan<byte> argument)
    {
        if (argument.Length < IoctlRequest.SizeOf(request)
            || _faults.Strikes(DriverFault.CopyIn))
        {
            return Errno.BadAddress;
        }

        DkCxlflashHdr header = AbiBytes.Read<DkCxlflashHdr>(argument);
        ReadOnlySpan<byte> reserved = header.Rsvd;
        bool isGood = header.Version == DkCxlflashHdr.Version0
            && reserved.IndexOfAnyExcept((byte)0) < 0
            && header.ReturnFlags == DkCxlflashReturnFlags.None;
        return isGood ? Errno.None : Errno.InvalidArgument;
    }

    private static bool NeedsVirtualLuns(uint request) =>
        request is IoctlRequest.Release or IoctlRequest.UserVirtual or IoctlRequest.VlunResize
            or IoctlRequest.VlunClone;

    private static bool WorksAfterFailure(uint request) =>
        request is IoctlRequest.VlunResize or IoctlRequest.Release or IoctlRequest.Detach;
}
