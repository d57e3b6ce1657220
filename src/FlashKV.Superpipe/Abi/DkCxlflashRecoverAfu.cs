using System.Runtime.InteropServices;

namespace FlashKV.Superpipe.Abi;

/// <summary>
/// The argument of RECOVER_AFU: brings a context back after an adapter reset.
/// 120 bytes, alignment 8, native byte order.
/// Source: cxlflash_ioctl.h, struct dk_cxlflash_recover_afu.
/// </summary>
[StructLayout(LayoutKind.Explicit, Size = SizeInBytes)]
internal struct DkCxlflashRecoverAfu
{
    internal const int SizeInBytes = 120;

    [FieldOffset(0)]
    internal DkCxlflashHdr Hdr;

    /// <summary>In; the driver ignores it.</summary>
    [FieldOffset(24)]
    internal ulong Reason;

    /// <summary>In and, when the context was reset, out.</summary>
    [FieldOffset(32)]
    internal ulong ContextId;

    /// <summary>Out, when the context was reset.</summary>
    [FieldOffset(40)]
    internal ulong MmioSize;

    /// <summary>Out, when the context was reset: its new descriptor.</summary>
    [FieldOffset(48)]
    internal ulong AdapFd;

    [FieldOffset(56)]
    internal UInt64x8 Reserved;
}
