using System.Runtime.InteropServices;

namespace FlashKV.Superpipe.Abi;

/// <summary>
/// The argument of VLUN_CLONE: copies the parent process's virtual LUNs into a new context.
/// 112 bytes, alignment 8, native byte order. Source: cxlflash_ioctl.h, struct dk_cxlflash_clone.
/// </summary>
[StructLayout(LayoutKind.Explicit, Size = SizeInBytes)]
internal struct DkCxlflashClone
{
    internal const int SizeInBytes = 112;

    [FieldOffset(0)]
    internal DkCxlflashHdr Hdr;

    [FieldOffset(24)]
    internal ulong ContextIdSrc;

    [FieldOffset(32)]
    internal ulong ContextIdDst;

    /// <summary>In; the driver ignores it.</summary>
    [FieldOffset(40)]
    internal ulong AdapFdSrc;

    [FieldOffset(48)]
    internal UInt64x8 Reserved;
}
