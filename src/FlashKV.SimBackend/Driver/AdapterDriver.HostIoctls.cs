using FlashKV.SimBackend.Afu;
using FlashKV.Superpipe;
using FlashKV.Superpipe.Abi;

namespace FlashKV.SimBackend.Driver;

/// <content>The host ioctls: provisioning of LUNs, and debug (SP §2.8).</content>
internal sealed partial class AdapterDriver
{
    private const ushort AfuCommandTimeoutSeconds = 5;

    /// <summary>Issues an ioctl on the adapter's own node. No state is looked at.</summary>
    internal Errno HostIoctlUnsynchronized(
        HostProcess process, uint request, Span<byte> argument)
    {
        if (request is not (IoctlRequest.LunProvision or IoctlRequest.AfuDebug))
        {
            return Errno.InvalidArgument;
        }

        ApplyPendingReset();
        Errno errno = CheckHostArgument(request, argument);
        if (errno == Errno.None)
        {
            errno = request == IoctlRequest.LunProvision
                ? Run<HostProcess, HtCxlflashLunProvision>(process, argument, ProvisionLun)
                : Run<HostProcess, HtCxlflashAfuDebug>(process, argument, DebugAfu);
        }

        ApplyPendingReset();
        return errno;
    }

    private Errno CheckHostArgument(uint request, ReadOnlySpan<byte> argument)
    {
        if (argument.Length < IoctlRequest.SizeOf(request)
            || _faults.Strikes(DriverFault.CopyIn))
        {
            return Errno.BadAddress;
        }

        HtCxlflashHdr header = AbiBytes.Read<HtCxlflashHdr>(argument);
        bool isGood = header is { Version: HtCxlflashHdr.Version0, Rsvd: 0, ReturnFlags: 0 };
        return isGood ? Errno.None : Errno.InvalidArgument;
    }

    private Errno ProvisionLun(HostProcess process, ref HtCxlflashLunProvision argument)
    {
        if (!HasCapability(SislInterfaceCapabilities.LunProvision))
        {
            return Errno.NotSupported;
        }

        if (argument.Port >= _afu.PortCount)
        {
            return Errno.InvalidArgument;
        }

        switch (argument.Hdr.Subcmd)
        {
            case HtCxlflashLunProvision.SubcmdCreateLun:
                return CreateLun(ref argument);
            case HtCxlflashLunProvision.SubcmdDeleteLun:
                return ProvisionByCommand(
                    SislAfuCommand.ProvisionDelete, argument.Port, 0, argument.LunId, out _);
            case HtCxlflashLunProvision.SubcmdQueryPort:
                FcPort port = _afu.Port(argument.Port);
                argument.MaxNumLuns = port.Read(SislFcPortRegisters.MaxNumLuns);
                argument.CurNumLuns = port.Read(SislFcPortRegisters.CurNumLuns);
                argument.MaxCapPort = port.Read(SislFcPortRegisters.MaxCapPort);
                argument.CurCapPort = port.Read(SislFcPortRegisters.CurCapPort);
                return Errno.None;
            default:
                return Errno.InvalidArgument;
        }
    }

    private Errno CreateLun(ref HtCxlflashLunProvision argument)
    {
        Errno errno = ProvisionByCommand(
            SislAfuCommand.ProvisionCreate,
            argument.Port,
            argument.Size,
            0,
            out Afu.ProvisionedLun? made);
        if (errno == Errno.None)
        {
            argument.LunId = made?.LunId ?? 0;
            argument.Wwid = made?.Wwid ?? default;
        }

        return errno;
    }

    private Errno ProvisionByCommand(
        byte action, ushort port, ulong size, ulong lunId, out Afu.ProvisionedLun? made)
    {
        SislIoarcb ioarcb = NewAfuCommand();
        ioarcb.LunId = lunId;
        SislAfuCommand.WriteLunProvision(ioarcb.Cdb, action, (byte)port, size);
        CommandResult result = default;
        Errno errno = SendAfuCommand(
            () => (result = _afu.Commands.Execute(in ioarcb, AfuModel.MasterHandle)).IsGood);
        made = result.Provisioned;
        return errno;
    }

    private Errno DebugAfu(HostProcess process, ref HtCxlflashAfuDebug argument)
    {
        if (!HasCapability(SislInterfaceCapabilities.AfuDebug))
        {
            return Errno.NotSupported;
        }

        if (argument.DataLen > HtCxlflashAfuDebug.MaxDataLength)
        {
            return Errno.InvalidArgument;
        }

        bool hasData = argument.DataLen > 0;
        if (hasData && _faults.Strikes(DriverFault.DebugMemory))
        {
            return Errno.OutOfMemory;
        }

        bool isWrite = (argument.Hdr.Flags & HtCxlflashHdr.HostWrite) != 0;
        byte[] data = new byte[argument.DataLen];
        if (hasData && isWrite && !process.TryReadMemory(argument.DataEa, data))
        {
            return Errno.BadAddress;
        }

        Errno errno = SendDebug(argument.AfuSubcmd, data, isWrite);
        bool isFault = errno == Errno.None && hasData && !isWrite
            && !process.TryWriteMemory(argument.DataEa, data);
        return isFault ? Errno.BadAddress : errno;
    }

    // What the AFU reads it does not look at; what it writes is its version.
    private Errno SendDebug(ReadOnlySpan<byte> subcommand, byte[] data, bool isWrite)
    {
        SislIoarcb ioarcb = NewAfuCommand();
        ioarcb.ReqFlags |= (data.Length > 0 ? SislReqFlags.SupUnderrun : SislReqFlags.None)
            | (isWrite ? SislReqFlags.HostWrite : SislReqFlags.None);
        ioarcb.DataLen = (uint)data.Length;
        ioarcb.Cdb[0] = SislAfuCommand.Debug;
        subcommand.CopyTo(((Span<byte>)ioarcb.Cdb)[4..]);
        return SendAfuCommand(() =>
        {
            CommandResult result = _afu.Commands.Execute(in ioarcb, AfuModel.MasterHandle);
            if (result.IsGood && !isWrite)
            {
                ReadOnlySpan<byte> answer = AfuCommands.DebugData;
                answer[..Math.Min(answer.Length, data.Length)].CopyTo(data);
            }

            return result.IsGood;
        });
    }

    private bool HasCapability(SislInterfaceCapabilities capability) =>
        (_afu.Registers.Read(SislGlobalRegisters.InterfaceVersion) & (ulong)capability) != 0;

    private static SislIoarcb NewAfuCommand()
    {
        SislIoarcb ioarcb = default;
        ioarcb.CtxId = AfuModel.MasterHandle;
        ioarcb.ReqFlags = SislReqFlags.AfuCmd;
        ioarcb.Timeout = AfuCommandTimeoutSeconds;
        return ioarcb;
    }
}
