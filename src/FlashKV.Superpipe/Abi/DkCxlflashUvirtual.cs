using System.Runtime.InteropServices;

namespace FlashKV.Superpipe.Abi;

/// <summary>
/// The argument of USER_VIRTUAL: opens a virtual LUN.
/// 120 bytes, alignment 8, native byte order.
/// Source: cxlflash_ioctl.h, struct dk_cxlflash_uvirtual.
/// </summary>
[StructLayout(LayoutKind.Explicit, Size = SizeInBytes)]
internal struct DkCxlflashUvirtual
{
    internal const int SizeInBytes = 120;

    /// <summary>DK_CXLFLASH_UVIRTUAL_NEED_WRITE_SAME: scrub chunks when they are freed.</summary>
    internal const ulong NeedWriteSame = 1UL << 63;

    [FieldOffset(0)]
    internal DkCxlflashHdr Hdr;

    [FieldOffset(24)]
    internal ulong ContextId;

    /// <summary>In: the wanted size in 4,096-byte blocks; rounded up to chunks.</summary>
    [FieldOffset(32)]
    internal ulong LunSize;

    /// <summary>Out: the resource handle.</summary>
    [FieldOffset(40)]
    internal ulong RsrcHandle;

    /// <summary>Out: the last LBA in 4,096-byte blocks; all ones when the size is 0.</summary>
    [FieldOffset(48)]
    internal ulong LastLba;

    [FieldOffset(56)]
    internal UInt64x8 Reserved;
}
