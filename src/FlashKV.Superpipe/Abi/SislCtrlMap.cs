namespace FlashKV.Superpipe.Abi;

/// <summary>
/// Byte offsets in a context's control map, which only the driver reaches. 64-bit big-endian
/// registers. Source: sislite.h, struct sisl_ctrl_map.
/// </summary>
internal static class SislCtrlMap
{
    internal const int RhtStart = 0x00;

    /// <summary>Bits 63:48 entry count, 47:32 context handle of the driver.</summary>
    internal const int RhtCntId = 0x08;

    /// <summary><see cref="SislCtxCap"/>.</summary>
    internal const int CtxCap = 0x10;

    /// <summary>Reading it unlocks ctx_cap for writing.</summary>
    internal const int MboxR = 0x18;

    /// <summary>Two registers.</summary>
    internal const int LisnPasid = 0x20;

    /// <summary>Three registers.</summary>
    internal const int LisnEa = 0x30;

    /// <summary>The number of interrupts that have an address of their own.</summary>
    internal const int LisnCount = 3;

    internal const int SizeInBytes = 0x48;

    /// <summary>SISL_LISN_PASID.</summary>
    internal static ulong PackLisnPasid(uint upper, uint lower) => ((ulong)upper << 32) | lower;

    /// <summary>SISL_RHT_CNT_ID.</summary>
    internal static ulong PackRhtCntId(int entryCount, int masterHandle) =>
        ((ulong)(ushort)entryCount << 48) | ((ulong)(ushort)masterHandle << 32);
}
