using FlashKV.Superpipe.Abi;

namespace FlashKV.SimBackend.Afu;

/// <content>Commands whose LUN and first block are known: what the LUN itself checks.</content>
internal readonly partial struct CommandDecoder<TMemory>
{
    /// <summary>Of WRITE SAME, byte 1: there is no data, zeros are meant.</summary>
    private const byte NoDataOut = 0x01;

    /// <summary>What a command gets whose data are at an address that the client lacks.</summary>
    /// <param name="address">The address.</param>
    /// <param name="isStore">Whether the AFU was to write there.</param>
    internal CommandResult BadData(ulong address, bool isStore)
    {
        events.RaiseStorageFault(address, isStore);
        return CommandResult.Afu(SislAfuRc.DataDmaErr, (byte)SislAfuDmaExtra.InvalidEa);
    }

    private CommandResult DecodeTransfer(
        in SislIoarcb ioarcb, uint count, byte needed, ref AfuCommand command, byte port)
    {
        AfuTarget target = command.Target!;
        if (target.TryTakeUnitAttention(out ScsiSense sense))
        {
            return CommandResult.Check(sense);
        }

        if (needed == 0)
        {
            return ExecuteOther(in ioarcb, target, port);
        }

        bool isWrite = (needed & SislRht.PermWrite) != 0;
        if (isWrite != ((ioarcb.ReqFlags & SislReqFlags.HostWrite) != 0))
        {
            return new CommandResult { FcRc = SislFcRc.AbortOk };
        }

        if (target.LbasPerBlock != 1 && !TryScale(target, ref count, ref command))
        {
            return CommandResult.IllegalRequest(ScsiSense.AscInvalidFieldInCdb);
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

    // From the LUN's own blocks to those of the medium, of which only whole ones can be moved.
    private static bool TryScale(AfuTarget target, ref uint count, ref AfuCommand command)
    {
        uint lbas = (uint)target.LbasPerBlock;
        bool isWhole = count % lbas == 0 && command.Block % lbas == 0;
        count /= lbas;
        command.Block /= lbas;
        return isWhole;
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
            return BadData(ioarcb.DataEa, isStore: !isWrite);
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

        if (count == 0)
        {
            return default;
        }

        bool isZero = hasNoData;
        if (!hasNoData
            && (!memory.TryLocate(ioarcb.DataEa, CxlflashLimits.BlockSize, out command.Data)
                || (isUnmap && !TryCompareToZero(ioarcb.DataEa, command.Data, out isZero))))
        {
            return BadData(ioarcb.DataEa, isStore: false);
        }

        // Zeros with leave to unmap, and zeros that need no data, are what a discard makes.
        command.Operation = isZero ? MediumOperation.Discard : MediumOperation.Write;
        command.RepeatsBlock = !isZero && count > 1;
        command.BlockCount = (int)count;
        command.HasTransfer = true;
        return default;
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
}
