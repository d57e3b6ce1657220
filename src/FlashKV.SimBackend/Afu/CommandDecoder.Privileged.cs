using System.Runtime.CompilerServices;
using FlashKV.Superpipe.Abi;

namespace FlashKV.SimBackend.Afu;

/// <content>
/// What only contexts with the driver's capabilities may send: commands to the AFU itself, to LUNs
/// by port and LUN id, and SCSI commands that neither read nor write blocks.
/// </content>
internal readonly partial struct CommandDecoder<TMemory>
{
    [MethodImpl(MethodImplOptions.NoInlining)]
    private CommandResult DecodePrivileged(
        in SislIoarcb ioarcb, byte needed, ref AfuCommand command)
    {
        if ((ioarcb.ReqFlags & SislReqFlags.AfuCmd) != 0)
        {
            return ExecuteAfuCommand(in ioarcb);
        }

        CommandResult result = ResourceTranslation.FindTarget(
            afu, ioarcb.LunId, (int)(ioarcb.ResHndl & 0xF), ref command);
        if (!result.IsGood)
        {
            return result;
        }

        if ((ioarcb.ReqFlags & SislReqFlags.TmfCmd) != 0)
        {
            return ManageTask(ioarcb.Cdb[0], command.Target!);
        }

        command.Block = (long)Math.Min(ScsiCdb.Lba(ioarcb.Cdb), long.MaxValue);
        return DecodeTransfer(
            in ioarcb, ScsiCdb.Count(ioarcb.Cdb), needed, ref command, result.Port);
    }

    private CommandResult ExecuteAfuCommand(in SislIoarcb ioarcb)
    {
        bool isDebugRead = ioarcb.Cdb[0] == SislAfuCommand.Debug
            && (ioarcb.ReqFlags & SislReqFlags.HostWrite) == 0;
        CommandResult result = afu.Commands.Execute(in ioarcb, sender: handle);
        return isDebugRead && result.IsGood
            ? WriteAll(in ioarcb, AfuCommands.DebugData) : result;
    }

    private static CommandResult ManageTask(byte function, AfuTarget target)
    {
        if (function == SislAfuCommand.TmfLunReset)
        {
            target.RaiseUnitAttention(ScsiSense.ResetOccurred);
        }

        return default;
    }

    private CommandResult ExecuteOther(in SislIoarcb ioarcb, AfuTarget target, byte port)
    {
        Span<byte> data = stackalloc byte[ScsiInformation.MaxLength];
        CommandResult result = ScsiInformation.Execute(ioarcb.Cdb, target, data, out int length);
        if (result.IsGood && length > 0)
        {
            result = WriteAll(in ioarcb, data[..length]);
        }

        result.Port = port;
        return result;
    }

    private CommandResult WriteAll(in SislIoarcb ioarcb, ReadOnlySpan<byte> data)
    {
        int length = (int)Math.Min(ioarcb.DataLen, (uint)data.Length);
        return memory.TryWrite(ioarcb.DataEa, data[..length])
            ? Underrun(in ioarcb, length)
            : BadData(ioarcb.DataEa, isStore: true);
    }
}
