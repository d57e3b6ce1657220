using System.Runtime.InteropServices;
using FlashKV.Superpipe.Abi;

namespace FlashKV.Superpipe.Control;

/// <summary>An open device node and the transport that its calls go through.</summary>
internal sealed class DeviceChannel<TRegisters> : DeviceChannel
    where TRegisters : struct, IRegisterWindow
{
    private readonly int _descriptor;

    internal DeviceChannel(
        IControlTransport<TRegisters> transport, string path, int descriptor)
        : base(path)
    {
        Transport = transport;
        _descriptor = descriptor;
    }

    internal IControlTransport<TRegisters> Transport { get; }

    /// <summary>
    /// Issues an ioctl; the argument is changed on success only, and its return_flags are 0.
    /// </summary>
    internal Errno Ioctl<TArgument>(uint request, ref TArgument argument)
        where TArgument : unmanaged =>
        Transport.Ioctl(
            _descriptor, request, MemoryMarshal.AsBytes(new Span<TArgument>(ref argument)));

    internal override SuperpipeContext Attach(AttachOptions options)
    {
        AddReference();
        try
        {
            return AttachedContext<TRegisters>.Create(this, options);
        }
        catch
        {
            RemoveReference();
            throw;
        }
    }

    internal override Errno ManageLun(ReadOnlySpan<byte> wwid, bool isSuperpipe)
    {
        DkCxlflashManageLun argument = default;
        argument.Hdr.Flags = isSuperpipe
            ? DkCxlflashManageLun.EnableSuperpipe
            : DkCxlflashManageLun.DisableSuperpipe;
        wwid.CopyTo(argument.Wwid);
        return Ioctl(IoctlRequest.ManageLun, ref argument);
    }

    internal override Errno ProvisionLun(ref HtCxlflashLunProvision argument) =>
        Ioctl(IoctlRequest.LunProvision, ref argument);

    internal override Errno DebugAfu(ref HtCxlflashAfuDebug argument) =>
        Ioctl(IoctlRequest.AfuDebug, ref argument);

    private protected override void CloseDescriptor() => Transport.Close(_descriptor);
}
