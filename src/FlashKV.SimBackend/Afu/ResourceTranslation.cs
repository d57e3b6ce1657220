using System.Runtime.CompilerServices;
using FlashKV.Superpipe.Abi;

namespace FlashKV.SimBackend.Afu;

/// <summary>
/// Finds what a resource handle and an LBA stand for by reading the context's resource handle
/// table and the LBA translation table behind it (SP §4.10).
/// </summary>
/// <remarks>
/// Called inside a lane only. The driver changes these tables with the lanes closed, so what is
/// read here is consistent and stays allocated.
/// </remarks>
internal static unsafe class ResourceTranslation
{
    private const byte AscLogicalUnitNotSupported = 0x25;

    /// <summary>Finds the RHT entry of a handle and checks what it permits.</summary>
    /// <param name="tableAddress">rht_start.</param>
    /// <param name="entryCount">The number of entries in rht_cnt_id.</param>
    /// <param name="handle">The resource handle.</param>
    /// <param name="needed">The permission that the command needs.</param>
    /// <param name="entry">The entry.</param>
    /// <returns>The AFU's result code; none when the entry may be used.</returns>
    internal static SislAfuRc FindEntry(
        ulong tableAddress, int entryCount, uint handle, byte needed, out SislRhtEntry entry)
    {
        entry = default;
        if (tableAddress == 0)
        {
            return SislAfuRc.RhtInvalid;
        }

        if (handle >= (uint)entryCount)
        {
            return SislAfuRc.RhtOutOfBounds;
        }

        // SAFETY: the driver gave the table's address and size by the control map, and takes them
        // back, with the lanes closed, before it frees the table.
        entry = ((SislRhtEntry*)tableAddress)[handle];
        bool isUsed = entry.Nmask != 0 && (entry.Fp & needed) == needed;
        return isUsed ? SislAfuRc.None : SislAfuRc.RhtRwPerm;
    }

    /// <summary>Finds the physical place of one block of a virtual LUN.</summary>
    /// <param name="afu">The AFU.</param>
    /// <param name="entry">An entry of format 0.</param>
    /// <param name="lba">The virtual LBA.</param>
    /// <param name="needed">The permission that the command needs.</param>
    /// <param name="command">Gets the target and the physical block.</param>
    /// <returns>How the translation ended.</returns>
    internal static CommandResult TranslateVirtual(
        AfuModel afu, in SislRhtEntry entry, ulong lba, byte needed, ref AfuCommand command)
    {
        ulong chunk = lba >> entry.Nmask;
        if (chunk >= entry.LxtCnt)
        {
            return CommandResult.Afu(SislAfuRc.LxtOutOfBounds);
        }

        // SAFETY: lxt_cnt bounds the table at lxt_start, which the driver frees with the lanes
        // closed only.
        SislLxtEntry translation = new(((ulong*)entry.LxtStart)[chunk]);
        if ((translation.Permissions & needed) != needed)
        {
            return CommandResult.Afu(SislAfuRc.LxtRwPerm);
        }

        int ports = translation.PortSel & afu.UsablePorts;
        if (ports == 0)
        {
            return NoChannels(afu, translation.PortSel);
        }

        int port = int.TrailingZeroCount(ports);
        ulong lunId = afu.LunTable(port)[translation.LunIndex];
        command.Block = (long)(translation.BaseLba | (lba & (CxlflashLimits.ChunkSize - 1)));
        return FindTarget(afu, lunId, port, ref command);
    }

    /// <summary>Finds the LUN of an entry of format 1; its LBAs are physical.</summary>
    internal static CommandResult TranslatePhysical(
        AfuModel afu, ref SislRhtEntry entry, ulong lba, ref AfuCommand command)
    {
        ref SislRhtEntryF1 physical = ref AbiBytes.As<SislRhtEntry, SislRhtEntryF1>(ref entry);
        if ((physical.Valid & SislRhtEntryF1.ValidBit) == 0)
        {
            return CommandResult.Afu(SislAfuRc.RhtRwPerm);
        }

        int ports = physical.PortSel & afu.UsablePorts;
        if (ports == 0)
        {
            return NoChannels(afu, physical.PortSel);
        }

        command.Block = (long)Math.Min(lba, long.MaxValue);
        return FindTarget(afu, physical.LunId, int.TrailingZeroCount(ports), ref command);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static CommandResult NoChannels(AfuModel afu, int requested) =>
        CommandResult.Afu(
            SislAfuRc.NoChannels, (byte)(((afu.UsablePorts & 3) << 2) | (requested & 3)));

    private static CommandResult FindTarget(
        AfuModel afu, ulong lunId, int port, ref AfuCommand command)
    {
        AfuTarget? target = afu.FindTarget(lunId);
        if (target is null || (target.Ports & (1 << port)) == 0)
        {
            return CommandResult.IllegalRequest(AscLogicalUnitNotSupported);
        }

        command.Target = target;
        return new CommandResult { Port = (byte)port };
    }
}
