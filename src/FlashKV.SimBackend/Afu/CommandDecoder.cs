using System.Runtime.CompilerServices;
using FlashKV.Superpipe.Abi;

namespace FlashKV.SimBackend.Afu;

/// <summary>
/// Takes an IOARCB apart: checks rights and ranges, translates the LBA and finds the memory
/// (SP §4.11). What comes out either has a transfer for the medium or has ended.
/// </summary>
/// <remarks>
/// Order: context id, kind of command, capability, addressing, resource handle, injected faults,
/// translation, unit attention, direction, range, memory.
/// </remarks>
internal readonly struct CommandDecoder<TMemory>(
    AfuModel afu, ushort handle, TMemory memory, ContextEvents events)
    where TMemory : struct, IHostMemory
{
    /// <summary>Of WRITE SAME, byte 1: there is no data, zeros are meant.</summary>
    private const byte NoDataOut = 0x01;

    /// <summary>The client's memory.</summary>
    internal TMemory Memory => memory;

    /// <summary>Decodes one command.</summary>
    /// <param name="control">What the driver has set up for the context.</param>
    /// <param name="fetched">The command.</param>
    /// <param name="command">Becomes the decoded command.</param>
    internal void Decode(
        ControlMap control, ref FetchedCommand fetched, ref AfuCommand command)
    {
        command = default;
        command.ResponseAddress = fetched.ResponseAddress;
        command.IoasaAddress = fetched.IoasaAddress;
        command.DataAddress = fetched.Ioarcb.DataEa;
        command.Msi = fetched.Ioarcb.Msi;
        command.Result = DecodeChecked(control, ref fetched.Ioarcb, ref command);
    }

    private CommandResult DecodeChecked(
        ControlMap control, ref SislIoarcb ioarcb, ref AfuCommand command)
    {
        byte needed = NeededPermission(ioarcb.Cdb[0]);
        if (ioarcb.CtxId != handle || !MayIssue(control, in ioarcb, needed))
        {
            return CommandResult.Afu(SislAfuRc.CapViolation);
        }

        SislAfuRc found = ResourceTranslation.FindEntry(
            control.RhtStart, control.RhtCount, ioarcb.ResHndl, needed, out SislRhtEntry entry);
        if (found != SislAfuRc.None)
        {
            return CommandResult.Afu(found);
        }

        CommandFault fault = default;
        bool isStruck = afu.Faults.Planned != 0 && afu.Faults.TryTake(out fault);
        if (isStruck && EndsBefore(fault, ref command, needed, out CommandResult struck))
        {
            return struck;
        }

        CommandResult result = SislRht.Format(entry.Fp) == 0
            ? DecodeVirtual(in ioarcb, in entry, needed, ref command)
            : DecodePhysical(in ioarcb, ref entry, needed, ref command);
        return isStruck && result.IsGood && fault == CommandFault.LinkDown
            ? new CommandResult { FcRc = SislFcRc.LinkDown }
            : result;
    }

    private CommandResult DecodeVirtual(
        in SislIoarcb ioarcb, in SislRhtEntry entry, byte needed, ref AfuCommand command)
    {
        ulong lba = ScsiCdb.Lba(ioarcb.Cdb);
        uint count = ScsiCdb.Count(ioarcb.Cdb);
        CommandResult result =
            ResourceTranslation.TranslateVirtual(afu, in entry, lba, needed, ref command);
        if (!result.IsGood)
        {
            return result;
        }

        // A command on a virtual LUN covers one block: the next may lie anywhere.
        return count > 1
            ? CommandResult.Afu(SislAfuRc.LxtOutOfBounds)
            : DecodeTransfer(in ioarcb, count, needed, ref command, result.Port);
    }

    private CommandResult DecodePhysical(
        in SislIoarcb ioarcb, ref SislRhtEntry entry, byte needed, ref AfuCommand command)
    {
        ulong lba = ScsiCdb.Lba(ioarcb.Cdb);
        CommandResult result =
            ResourceTranslation.TranslatePhysical(afu, ref entry, lba, ref command);
        return result.IsGood
            ? DecodeTransfer(
                in ioarcb, ScsiCdb.Count(ioarcb.Cdb), needed, ref command, result.Port)
            : result;
    }

    private CommandResult DecodeTransfer(
        in SislIoarcb ioarcb, uint count, byte needed, ref AfuCommand command, byte port)
    {
        AfuTarget target = command.Target!;
        if (target.TryTakeUnitAttention(out ScsiSense sense))
        {
            return CommandResult.Check(sense);
        }

        bool isWrite = (needed & SislRht.PermWrite) != 0;
        if (isWrite != ((ioarcb.ReqFlags & SislReqFlags.HostWrite) != 0))
        {
            return new CommandResult { FcRc = SislFcRc.AbortOk };
        }

        if (count > target.BlockCount || command.Block > target.BlockCount - count)
        {
            return CommandResult.IllegalRequest(ScsiSense.AscLbaOutOfRange);
        }

        CommandResult result = ioarcb.Cdb[0] == ScsiOpcode.WriteSame16
            ? DecodeWriteSame(in ioarcb, count, ref command)
            : DecodeReadWrite(in ioarcb, count, isWrite, ref command);
        result.Port = port;
        return result;
    }

    private CommandResult DecodeReadWrite(
        in SislIoarcb ioarcb, uint count, bool isWrite, ref AfuCommand command)
    {
        if (count == 0)
        {
            return default;
        }

        long bytes = (long)count * CxlflashLimits.BlockSize;
        if (bytes > ioarcb.DataLen || bytes > CxlflashLimits.MaxXferSize)
        {
            return CommandResult.IllegalRequest(ScsiSense.AscInvalidFieldInCdb);
        }

        if (!memory.TryLocate(ioarcb.DataEa, bytes, out command.Data))
        {
            return BadData(ioarcb.DataEa);
        }

        bool isThrough = (ioarcb.Cdb[1] & ScsiCdb.ForceUnitAccess) != 0;
        command.Operation = !isWrite ? MediumOperation.Read
            : isThrough ? MediumOperation.WriteThrough : MediumOperation.Write;
        command.BlockCount = (int)count;
        command.HasTransfer = true;
        return Underrun(in ioarcb, bytes);
    }

    private CommandResult DecodeWriteSame(
        in SislIoarcb ioarcb, uint count, ref AfuCommand command)
    {
        bool isUnmap = (ioarcb.Cdb[1] & ScsiCdb.Unmap) != 0;
        bool hasNoData = (ioarcb.Cdb[1] & NoDataOut) != 0 || (isUnmap && ioarcb.DataLen == 0);
        if (count > int.MaxValue || (!hasNoData && ioarcb.DataLen < CxlflashLimits.BlockSize))
        {
            return CommandResult.IllegalRequest(ScsiSense.AscInvalidFieldInCdb);
        }

        bool isZero = hasNoData;
        if (!hasNoData
            && (!memory.TryLocate(ioarcb.DataEa, CxlflashLimits.BlockSize, out command.Data)
                || (isUnmap && !TryCompareToZero(ioarcb.DataEa, command.Data, out isZero))))
        {
            return BadData(ioarcb.DataEa);
        }

        // Zeros with leave to unmap, and zeros that need no data, are what a discard makes.
        bool isDiscard = isZero;
        command.Operation = isDiscard ? MediumOperation.Discard : MediumOperation.Write;
        command.RepeatsBlock = !isDiscard && count > 1;
        command.BlockCount = (int)count;
        command.HasTransfer = count > 0;
        return default;
    }

    /// <summary>What a command gets whose data are at an address that the client lacks.</summary>
    internal CommandResult BadData(ulong address)
    {
        events.RaiseStorageFault(address);
        return CommandResult.Afu(SislAfuRc.DataDmaErr, (byte)SislAfuDmaExtra.InvalidEa);
    }

    private bool TryCompareToZero(ulong address, nint local, out bool isZero)
    {
        bool isRead = true;
        if (TMemory.IsCopied)
        {
            Span<byte> block = stackalloc byte[CxlflashLimits.BlockSize];
            isRead = memory.TryRead(address, block);
            isZero = IsZero(block);
        }
        else
        {
            isZero = IsZero(new MemoryRun(local, 1).AsSpan());
        }

        return isRead;
    }

    private static bool IsZero(ReadOnlySpan<byte> block) =>
        block.IndexOfAnyExcept((byte)0) < 0;

    private static CommandResult Underrun(in SislIoarcb ioarcb, long bytes)
    {
        uint left = ioarcb.DataLen - (uint)bytes;
        if (left == 0 || (ioarcb.ReqFlags & SislReqFlags.SupUnderrun) != 0)
        {
            return default;
        }

        return new CommandResult
        {
            Flags = SislIoasaFlags.Underrun,
            FcRc = SislFcRc.Resid,
            Resid = left,
        };
    }

    private static byte NeededPermission(byte opcode) => opcode switch
    {
        ScsiOpcode.Read16 => SislRht.PermRead,
        ScsiOpcode.Write16 or ScsiOpcode.WriteSame16 => SislRht.PermWrite,
        _ => 0,
    };

    // Clients address LUNs by handle and may read and write; all else is the driver's.
    private static bool MayIssue(ControlMap control, in SislIoarcb ioarcb, byte needed)
    {
        const SislReqFlags Kinds =
            SislReqFlags.ResHndl | SislReqFlags.AfuCmd | SislReqFlags.TmfCmd;
        SislCtxCap capability = needed switch
        {
            SislRht.PermRead => SislCtxCap.ReadCmd,
            SislRht.PermWrite => SislCtxCap.WriteCmd,
            _ => SislCtxCap.None,
        };
        return (ioarcb.ReqFlags & Kinds) == SislReqFlags.ResHndl
            && (control.Capabilities & capability) != SislCtxCap.None;
    }

    // Whether an injected fault ends the command before it is executed.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static bool EndsBefore(
        CommandFault fault, ref AfuCommand command, byte needed, out CommandResult result)
    {
        bool isRead = needed == SislRht.PermRead;
        command.LosesResponse = fault is CommandFault.LostCommand or CommandFault.LostResponse;
        result = fault switch
        {
            CommandFault.Busy => new() { ScsiRc = SislScsiRc.Busy },
            CommandFault.QueueFull => new() { ScsiRc = SislScsiRc.QueueFull },
            CommandFault.OutOfDataBuffers => CommandResult.Afu(SislAfuRc.OutOfDataBufs),
            CommandFault.CheckCondition =>
                CommandResult.Check(new ScsiSense(ScsiSenseKey.AbortedCommand, 0, 0)),
            CommandFault.MediumError => CommandResult.Of(MediumStatus.MediumError, isRead),
            CommandFault.OutOfSpace => CommandResult.Of(MediumStatus.OutOfSpace, isRead),
            CommandFault.ExchangeTimeout => new() { FcRc = SislFcRc.AbortPend },
            _ => default,
        };
        return !result.IsGood || fault == CommandFault.LostCommand;
    }
}
