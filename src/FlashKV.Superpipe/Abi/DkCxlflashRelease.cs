using System.Runtime.InteropServices;

namespace FlashKV.Superpipe.Abi;

/// <summary>
/// The argument of RELEASE: closes a resource handle.
/// 104 bytes, alignment 8, native byte order. Source: cxlflash_ioctl.h, struct dk_cxlflash_release.
/// </summary>
[StructLayout(LayoutKind.Explicit, Size = SizeInBytes)]
internal struct DkCxlflashRelease
{
    internal const int SizeInBytes = 104;

    [FieldOffset(0)]
    internal DkCxlflashHdr Hdr;

    [FieldOffset(24)]
    internal ulong ContextId;

    [FieldOffset(32)]
    internal ulong RsrcHandle;

    [FieldOffset(40)]
    internal UInt64x8 Reserved;
}
