using System.Runtime.InteropServices;

namespace FlashKV.Superpipe.Abi;

/// <summary>
/// The argument of USER_DIRECT: opens a physical LUN.
/// 112 bytes, alignment 8, native byte order. Source: cxlflash_ioctl.h, struct dk_cxlflash_udirect.
/// </summary>
[StructLayout(LayoutKind.Explicit, Size = SizeInBytes)]
internal struct DkCxlflashUdirect
{
    internal const int SizeInBytes = 112;

    [FieldOffset(0)]
    internal DkCxlflashHdr Hdr;

    [FieldOffset(24)]
    internal ulong ContextId;

    /// <summary>Out: the resource handle.</summary>
    [FieldOffset(32)]
    internal ulong RsrcHandle;

    /// <summary>Out: the last LBA, in the LUN's own blocks.</summary>
    [FieldOffset(40)]
    internal ulong LastLba;

    [FieldOffset(48)]
    internal UInt64x8 Reserved;
}
