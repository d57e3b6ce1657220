using System.Runtime.InteropServices;

namespace FlashKV.Superpipe.Abi;

/// <summary>
/// The argument of DETACH: takes a LUN off a context, and ends the context with its last one.
/// 96 bytes, alignment 8, native byte order. Source: cxlflash_ioctl.h, struct dk_cxlflash_detach.
/// </summary>
[StructLayout(LayoutKind.Explicit, Size = SizeInBytes)]
internal struct DkCxlflashDetach
{
    internal const int SizeInBytes = 96;

    [FieldOffset(0)]
    internal DkCxlflashHdr Hdr;

    [FieldOffset(24)]
    internal ulong ContextId;

    [FieldOffset(32)]
    internal UInt64x8 Reserved;
}
