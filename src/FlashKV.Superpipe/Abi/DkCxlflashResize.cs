using System.Runtime.InteropServices;

namespace FlashKV.Superpipe.Abi;

/// <summary>
/// The argument of VLUN_RESIZE: grows or shrinks a virtual LUN.
/// 120 bytes, alignment 8, native byte order. Source: cxlflash_ioctl.h, struct dk_cxlflash_resize.
/// </summary>
[StructLayout(LayoutKind.Explicit, Size = SizeInBytes)]
internal struct DkCxlflashResize
{
    internal const int SizeInBytes = 120;

    [FieldOffset(0)]
    internal DkCxlflashHdr Hdr;

    [FieldOffset(24)]
    internal ulong ContextId;

    [FieldOffset(32)]
    internal ulong RsrcHandle;

    /// <summary>In: the wanted size in 4,096-byte blocks; all ones takes everything.</summary>
    [FieldOffset(40)]
    internal ulong ReqSize;

    /// <summary>Out: the last LBA in 4,096-byte blocks; all ones when the size is 0.</summary>
    [FieldOffset(48)]
    internal ulong LastLba;

    [FieldOffset(56)]
    internal UInt64x8 Reserved;
}
