namespace FlashKV.Superpipe.Abi;

/// <summary>
/// An LBA translation table entry: where one chunk of a virtual LUN lies. 64 bits in host byte
/// order: 63:16 allocation unit, 15:8 LUN-table index, 7:4 permissions, 3:0 port mask.
/// Source: sislite.h, struct sisl_lxt_entry.
/// </summary>
internal readonly record struct SislLxtEntry(ulong Value)
{
    internal const int SizeInBytes = 8;

    /// <summary>The chunk's number on the LUN.</summary>
    internal ulong AllocationUnit => Value >> CxlflashLimits.ChunkShift;

    /// <summary>The chunk's first physical LBA, in the LUN's own blocks.</summary>
    internal ulong BaseLba => Value & ~0xFFFFUL;

    internal byte LunIndex => (byte)(Value >> 8);

    internal byte Permissions => (byte)((Value >> 4) & SislRht.PermMask);

    internal byte PortSel => (byte)(Value & 0xF);

    internal static SislLxtEntry Pack(
        ulong allocationUnit, byte lunIndex, byte permissions, byte portSel) =>
        new((allocationUnit << CxlflashLimits.ChunkShift) | ((ulong)lunIndex << 8)
            | ((ulong)(permissions & SislRht.PermMask) << 4) | (portSel & 0xFUL));
}
