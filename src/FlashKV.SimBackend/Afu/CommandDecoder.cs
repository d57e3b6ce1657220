using FlashKV.Superpipe.Abi;

namespace FlashKV.SimBackend.Afu;

/// <summary>
/// Takes an IOARCB apart: checks rights and ranges, translates the LBA and finds the memory
/// (SP §4.11). What comes out either has a transfer for the medium or has ended.
/// </summary>
/// <remarks>
/// Order: context id, kind of command and capability, the driver's context, resource handle,
/// injected faults, translation, unit attention, direction, range, memory.
/// </remarks>
internal readonly partial struct CommandDecoder<TMemory>(
    AfuModel afu, ushort handle, TMemory memory, ContextEvents events)
    where TMemory : struct, IHostMemory
{
    private const SislReqFlags Kinds =
        SislReqFlags.ResHndl | SislReqFlags.AfuCmd | SislReqFlags.TmfCmd;

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
        command.PortLossesBefore = afu.PortLosses;
        command.Msi = fetched.Ioarcb.Msi;
        command.Result = DecodeChecked(control, ref fetched, ref command);
    }

    private CommandResult DecodeChecked(
        ControlMap control, ref FetchedCommand fetched, ref AfuCommand command)
    {
        ref SislIoarcb ioarcb = ref fetched.Ioarcb;
        byte needed = NeededPermission(ioarcb.Cdb[0]);
        if (ioarcb.CtxId != handle || !MayIssue(control, in ioarcb, needed))
        {
            return CommandResult.Afu(SislAfuRc.CapViolation);
        }

        if ((ioarcb.ReqFlags & Kinds) != SislReqFlags.ResHndl)
        {
            return DecodePrivileged(in ioarcb, needed, ref command);
        }

        if (!afu.TranslatesForOthers(control.Owner))
        {
            return CommandResult.Afu(SislAfuRc.NotXlateHost);
        }

        SislAfuRc found = ResourceTranslation.FindEntry(
            afu, control, ioarcb.ResHndl, needed, out SislRhtEntry entry);
        if (found != SislAfuRc.None)
        {
            return ResourceTranslation.Failure(found);
        }

        return afu.Faults.Planned == 0
            ? DecodeEntry(in ioarcb, ref entry, needed, ref command)
            : DecodeUnderFaults(ref fetched, ref entry, needed, ref command);
    }

    private CommandResult DecodeEntry(
        in SislIoarcb ioarcb, ref SislRhtEntry entry, byte needed, ref AfuCommand command) =>
        SislRht.Format(entry.Fp) == 0
            ? DecodeVirtual(in ioarcb, in entry, needed, ref command)
            : DecodePhysical(in ioarcb, ref entry, needed, ref command);

    private CommandResult DecodeVirtual(
        in SislIoarcb ioarcb, in SislRhtEntry entry, byte needed, ref AfuCommand command)
    {
        ulong lba = needed == 0 ? 0 : ScsiCdb.Lba(ioarcb.Cdb);
        uint count = ScsiCdb.Count(ioarcb.Cdb);
        CommandResult result =
            ResourceTranslation.TranslateVirtual(afu, in entry, lba, needed, ref command);
        if (!result.IsGood)
        {
            return result;
        }

        // A command on a virtual LUN covers one block: the next may lie anywhere.
        return needed != 0 && count > (uint)command.Target!.LbasPerBlock
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

    private static byte NeededPermission(byte opcode) => opcode switch
    {
        ScsiOpcode.Read16 => SislRht.PermRead,
        ScsiOpcode.Write16 or ScsiOpcode.WriteSame16 => SislRht.PermWrite,
        _ => 0,
    };

    // Clients address LUNs by handle and may read and write; all else is the driver's.
    private static bool MayIssue(ControlMap control, in SislIoarcb ioarcb, byte needed)
    {
        SislReqFlags kind = ioarcb.ReqFlags & Kinds;
        SislCtxCap capability = kind == SislReqFlags.ResHndl
            ? needed switch
            {
                SislRht.PermRead => SislCtxCap.ReadCmd,
                SislRht.PermWrite => SislCtxCap.WriteCmd,
                _ => SislCtxCap.GscsiCmd,
            }
            : (kind & SislReqFlags.AfuCmd) != 0 ? SislCtxCap.AfuCmd : SislCtxCap.GscsiCmd;
        return (control.Capabilities & capability) != SislCtxCap.None;
    }
}
