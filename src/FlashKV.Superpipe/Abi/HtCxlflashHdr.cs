using System.Runtime.InteropServices;

namespace FlashKV.Superpipe.Abi;

/// <summary>
/// The common header of the HT (host) ioctls: 24 bytes, alignment 8, native byte order.
/// Source: cxlflash_ioctl.h, struct ht_cxlflash_hdr.
/// </summary>
[StructLayout(LayoutKind.Explicit, Size = SizeInBytes)]
internal struct HtCxlflashHdr
{
    internal const int SizeInBytes = 24;

    /// <summary>HT_CXLFLASH_VERSION_0.</summary>
    internal const ushort Version0 = 0;

    /// <summary>HT_CXLFLASH_HOST_READ.</summary>
    internal const ulong HostRead = 0;

    /// <summary>HT_CXLFLASH_HOST_WRITE.</summary>
    internal const ulong HostWrite = 1;

    [FieldOffset(0)]
    internal ushort Version;

    [FieldOffset(2)]
    internal ushort Subcmd;

    /// <summary>Two u16; must be zero.</summary>
    [FieldOffset(4)]
    internal uint Rsvd;

    [FieldOffset(8)]
    internal ulong Flags;

    /// <summary>Must be zero on input.</summary>
    [FieldOffset(16)]
    internal ulong ReturnFlags;
}
