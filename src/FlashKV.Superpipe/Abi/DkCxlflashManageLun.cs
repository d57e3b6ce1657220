using System.Runtime.InteropServices;

namespace FlashKV.Superpipe.Abi;

/// <summary>
/// The argument of MANAGE_LUN: turns superpipe mode of a LUN on or off.
/// 104 bytes, alignment 8, native byte order.
/// Source: cxlflash_ioctl.h, struct dk_cxlflash_manage_lun.
/// </summary>
[StructLayout(LayoutKind.Explicit, Size = SizeInBytes)]
internal struct DkCxlflashManageLun
{
    internal const int SizeInBytes = 104;

    /// <summary>DK_CXLFLASH_MANAGE_LUN_ENABLE_SUPERPIPE.</summary>
    internal const ulong EnableSuperpipe = 1UL << 63;

    /// <summary>DK_CXLFLASH_MANAGE_LUN_DISABLE_SUPERPIPE.</summary>
    internal const ulong DisableSuperpipe = 1UL << 62;

    /// <summary>DK_CXLFLASH_MANAGE_LUN_ALL_PORTS_ACCESSIBLE; defined and not used.</summary>
    internal const ulong AllPortsAccessible = 1UL << 61;

    [FieldOffset(0)]
    internal DkCxlflashHdr Hdr;

    /// <summary>In: the LUN's page-83 NAA-6 id.</summary>
    [FieldOffset(24)]
    internal Bytes16 Wwid;

    [FieldOffset(40)]
    internal UInt64x8 Reserved;
}
