namespace FlashKV.Superpipe.Abi;

/// <summary>
/// Byte offsets in the register window of a context; each register is 64 bits wide and big-endian.
/// Source: sislite.h, struct sisl_host_map.
/// </summary>
internal static class SislHostMap
{
    /// <summary>
    /// RW: 0 is little-endian, <see cref="EndianBig"/> big-endian data structures.
    /// </summary>
    internal const int EndianCtrl = 0x00;

    /// <summary>R: <see cref="SislSyncInterrupts"/>.</summary>
    internal const int IntrStatus = 0x08;

    /// <summary>W: ones clear.</summary>
    internal const int IntrClear = 0x10;

    /// <summary>RW: a one masks.</summary>
    internal const int IntrMask = 0x18;

    /// <summary>
    /// RW: writing the address of an IOARCB sends it; writing <see cref="ContextReset"/> resets the
    /// context, whose bit 0 then reads 1 until it is done.
    /// </summary>
    internal const int Ioarrin = 0x20;

    /// <summary>RW: the address of the first response entry.</summary>
    internal const int RrqStart = 0x28;

    /// <summary>RW: the address of the last response entry; written after the start.</summary>
    internal const int RrqEnd = 0x30;

    /// <summary>R: how many commands may be sent.</summary>
    internal const int CmdRoom = 0x38;

    /// <summary>
    /// RW: bits 7:0 LISN of sync errors; <see cref="UnmapSupported"/> is read-only.
    /// </summary>
    internal const int CtxCtrl = 0x40;

    /// <summary>W: restricted.</summary>
    internal const int MboxW = 0x48;

    /// <summary>RW: SQ mode, the address of the first slot.</summary>
    internal const int SqStart = 0x50;

    /// <summary>RW: SQ mode, the address of the last slot.</summary>
    internal const int SqEnd = 0x58;

    /// <summary>R: SQ mode, for debugging.</summary>
    internal const int SqHead = 0x60;

    /// <summary>RW: SQ mode, the address of the slot after the newest command.</summary>
    internal const int SqTail = 0x68;

    /// <summary>RW: SQ mode, as <see cref="Ioarrin"/> for the reset of the context.</summary>
    internal const int SqCtxReset = 0x70;

    internal const ulong EndianLittle = 0;
    internal const ulong EndianBig = 0x8000000000000080;

    /// <summary>Of ctx_ctrl: WRITE SAME(16) unmaps.</summary>
    internal const ulong UnmapSupported = 1UL << 63;

    /// <summary>The bits of ctx_ctrl that hold the LISN.</summary>
    internal const ulong CtxCtrlLisnMask = 0xFF;

    /// <summary>Written to request the reset of a context.</summary>
    internal const ulong ContextReset = 1;

    /// <summary>Of the reset register: the reset has not ended.</summary>
    internal const ulong ContextResetBusy = 1;

    /// <summary>What every register reads while the adapter is lost or being reset.</summary>
    internal const ulong AllOnes = ulong.MaxValue;
}
