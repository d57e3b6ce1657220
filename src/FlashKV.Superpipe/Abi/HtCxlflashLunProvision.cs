using System.Runtime.InteropServices;

namespace FlashKV.Superpipe.Abi;

/// <summary>
/// The argument of LUN_PROVISION: makes, deletes and counts the LUNs of a port.
/// 160 bytes, alignment 8, native byte order.
/// Source: cxlflash_ioctl.h, struct ht_cxlflash_lun_provision.
/// </summary>
[StructLayout(LayoutKind.Explicit, Size = SizeInBytes)]
internal struct HtCxlflashLunProvision
{
    internal const int SizeInBytes = 160;

    /// <summary>HT_CXLFLASH_LUN_PROVISION_SUBCMD_CREATE_LUN.</summary>
    internal const ushort SubcmdCreateLun = 1;

    /// <summary>HT_CXLFLASH_LUN_PROVISION_SUBCMD_DELETE_LUN.</summary>
    internal const ushort SubcmdDeleteLun = 2;

    /// <summary>HT_CXLFLASH_LUN_PROVISION_SUBCMD_QUERY_PORT.</summary>
    internal const ushort SubcmdQueryPort = 3;

    [FieldOffset(0)]
    internal HtCxlflashHdr Hdr;

    [FieldOffset(24)]
    internal ushort Port;

    [FieldOffset(26)]
    internal Bytes6 Reserved16;

    /// <summary>In: the size in 4,096-byte blocks.</summary>
    [FieldOffset(32)]
    internal ulong Size;

    [FieldOffset(40)]
    internal ulong LunId;

    [FieldOffset(48)]
    internal Bytes16 Wwid;

    [FieldOffset(64)]
    internal ulong MaxNumLuns;

    [FieldOffset(72)]
    internal ulong CurNumLuns;

    [FieldOffset(80)]
    internal ulong MaxCapPort;

    [FieldOffset(88)]
    internal ulong CurCapPort;

    [FieldOffset(96)]
    internal UInt64x8 Reserved;
}
