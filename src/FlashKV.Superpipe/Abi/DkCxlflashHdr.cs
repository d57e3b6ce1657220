using System.Runtime.InteropServices;

namespace FlashKV.Superpipe.Abi;

/// <summary>
/// The common header of the DK ioctls: 24 bytes, alignment 8, native byte order.
/// Source: cxlflash_ioctl.h, struct dk_cxlflash_hdr.
/// </summary>
[StructLayout(LayoutKind.Explicit, Size = SizeInBytes)]
internal struct DkCxlflashHdr
{
    internal const int SizeInBytes = 24;

    /// <summary>DK_CXLFLASH_VERSION_0, the only version there is.</summary>
    internal const ushort Version0 = 0;

    [FieldOffset(0)]
    internal ushort Version;

    /// <summary>Must be zero.</summary>
    [FieldOffset(2)]
    internal Bytes6 Rsvd;

    /// <summary>
    /// Input flags; their meaning depends on the ioctl, unknown bits are ignored.
    /// </summary>
    [FieldOffset(8)]
    internal ulong Flags;

    /// <summary>Must be zero on input.</summary>
    [FieldOffset(16)]
    internal DkCxlflashReturnFlags ReturnFlags;
}
