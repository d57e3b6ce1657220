using System.Runtime.InteropServices;

namespace FlashKV.Superpipe.Abi;

/// <summary>
/// The argument of AFU_DEBUG: passes a debug command to the AFU.
/// 120 bytes, alignment 8, native byte order.
/// Source: cxlflash_ioctl.h, struct ht_cxlflash_afu_debug.
/// </summary>
[StructLayout(LayoutKind.Explicit, Size = SizeInBytes)]
internal struct HtCxlflashAfuDebug
{
    internal const int SizeInBytes = 120;

    /// <summary>HT_CXLFLASH_AFU_DEBUG_MAX_DATA_LEN.</summary>
    internal const uint MaxDataLength = 262_144;

    [FieldOffset(0)]
    internal HtCxlflashHdr Hdr;

    [FieldOffset(24)]
    internal uint Reserved8;

    /// <summary>Bytes 4 to 15 of the CDB.</summary>
    [FieldOffset(28)]
    internal Bytes12 AfuSubcmd;

    [FieldOffset(40)]
    internal ulong DataEa;

    [FieldOffset(48)]
    internal uint DataLen;

    [FieldOffset(52)]
    internal uint Reserved32;

    [FieldOffset(56)]
    internal UInt64x8 Reserved;
}
