using System.Buffers.Binary;
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
    /// <summary>Additional sense code: there is no such LUN.</summary>
    internal const byte AscLunNotSupported = 0x25;

    /// <summary>Finds the RHT entry of a handle and checks what it permits.</summary>
    /// <param name="afu">The AFU.</param>
    /// <param name="control">Where the table is.</param>
    /// <param name="handle">The resource handle.</param>
    /// <param name="needed">The permission that the command needs.</param>
    /// <param name="entry">The entry.</param>
    /// <returns>The AFU's result code; none when the entry may be used.</returns>
    internal static SislAfuRc FindEntry(
        AfuModel afu, ControlMap control, uint handle, byte needed, out SislRhtEntry entry)
    {
        entry = default;
        ulong tableAddress = control.RhtStart;
        if (!LocalMemory.IsAligned(tableAddress, SislRht.EntryAlignment))
        {
            return tableAddress == 0 ? SislAfuRc.RhtInvalid
                : tableAddress % SislRht.EntryAlignment != 0 ? SislAfuRc.RhtUnaligned
                : SislAfuRc.RhtDmaErr;
        }

        if (handle >= (uint)control.RhtCount)
        {
            return SislAfuRc.RhtOutOfBounds;
        }

        // SAFETY: the driver gave the table's address and size by the control map, and takes them
        // back, with the lanes closed, before it frees the table.
        entry = ((SislRhtEntry*)tableAddress)[handle];
        if (afu.HasSwappedTables)
        {
            ByteOrder.Swap(ref entry);
        }

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
            return Failure(SislAfuRc.LxtOutOfBounds);
        }

        if (!LocalMemory.IsAligned(entry.LxtStart, SislLxtEntry.SizeInBytes))
        {
            return Failure(
                entry.LxtStart % SislLxtEntry.SizeInBytes != 0
                    ? SislAfuRc.LxtUnaligned : SislAfuRc.LxtDmaErr);
        }

        // SAFETY: lxt_cnt bounds the table at lxt_start, which the driver frees with the lanes
        // closed only.
        ulong value = ((ulong*)entry.LxtStart)[chunk];
        SislLxtEntry translation = new(
            afu.HasSwappedTables ? BinaryPrimitives.ReverseEndianness(value) : value);
        if ((translation.Permissions & needed) != needed)
        {
            return Failure(SislAfuRc.LxtRwPerm);
        }

        int ports = translation.PortSel & afu.UsablePorts;
        if (ports == 0)
        {
            return NoChannels(afu.UsablePorts, translation.PortSel);
        }

        int port = int.TrailingZeroCount(ports);
        ulong lunId = afu.LunTable(port)[translation.LunIndex];
        command.Block = (long)(translation.BaseLba | (lba & (CxlflashLimits.ChunkSize - 1)));
        return FindTargetBehind(afu, lunId, port, ref command);
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

        command.Block = (long)Math.Min(lba, long.MaxValue);
        return FindTarget(afu, physical.LunId, physical.PortSel, ref command);
    }

    /// <summary>Finds a LUN by its id and the ports that may be used.</summary>
    internal static CommandResult FindTarget(
        AfuModel afu, ulong lunId, int portSelect, ref AfuCommand command)
    {
        int usable = afu.UsablePorts;
        int ports = portSelect & usable;
        return ports == 0
            ? NoChannels(usable, portSelect)
            : FindTargetBehind(afu, lunId, int.TrailingZeroCount(ports), ref command);
    }

    /// <summary>What a command gets that cannot be translated.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    internal static CommandResult Failure(SislAfuRc code) => CommandResult.Afu(
        code,
        code is SislAfuRc.RhtDmaErr or SislAfuRc.LxtDmaErr
            ? (byte)SislAfuDmaExtra.InvalidEa : (byte)0);

    // Of both banks: what is said of ports 2 and 3 is said in the same two bits.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static CommandResult NoChannels(int usable, int requested)
    {
        const int Bank = 0b11;
        int shift = (requested & Bank) != 0 ? 0 : AfuAddressMap.PortsPerBank;
        int available = (usable >> shift) & Bank;
        return CommandResult.Afu(
            SislAfuRc.NoChannels, (byte)((available << 2) | ((requested >> shift) & Bank)));
    }

    private static CommandResult FindTargetBehind(
        AfuModel afu, ulong lunId, int port, ref AfuCommand command)
    {
        AfuTarget? target = afu.FindTarget(lunId);
        if (target is null || (target.Ports & (1 << port)) == 0)
        {
            return CommandResult.IllegalRequest(AscLunNotSupported);
        }

        command.Target = target;
        return new CommandResult { Port = (byte)port };
    }
}
