using System.Runtime.InteropServices;

namespace FlashKV.Superpipe.Abi;

/// <summary>
/// The argument of ATTACH: makes a context, or adds a LUN to one.
/// 144 bytes, alignment 8, native byte order. Source: cxlflash_ioctl.h, struct dk_cxlflash_attach.
/// </summary>
[StructLayout(LayoutKind.Explicit, Size = SizeInBytes)]
internal struct DkCxlflashAttach
{
    internal const int SizeInBytes = 144;

    /// <summary>
    /// DK_CXLFLASH_ATTACH_REUSE_CONTEXT. Bits 1:0 of the flags are the open mode (O_RDONLY 0,
    /// O_WRONLY 1, O_RDWR 2).
    /// </summary>
    internal const ulong ReuseContext = 1UL << 63;

    /// <summary>The bits of the flags that hold the open mode.</summary>
    internal const ulong OpenModeMask = 0x3;

    [FieldOffset(0)]
    internal DkCxlflashHdr Hdr;

    [FieldOffset(24)]
    internal ulong NumInterrupts;

    /// <summary>In with REUSE, out otherwise.</summary>
    [FieldOffset(32)]
    internal ulong ContextId;

    /// <summary>Out: bytes of the register window.</summary>
    [FieldOffset(40)]
    internal ulong MmioSize;

    /// <summary>Out: bytes of one of the LUN's own blocks.</summary>
    [FieldOffset(48)]
    internal ulong BlockSize;

    /// <summary>Out: the context's descriptor; all ones with REUSE.</summary>
    [FieldOffset(56)]
    internal ulong AdapFd;

    /// <summary>Out: the last LBA of the LUN, in its own blocks.</summary>
    [FieldOffset(64)]
    internal ulong LastLba;

    /// <summary>Out: the longest transfer on a physical LUN, in the LUN's own blocks.</summary>
    [FieldOffset(72)]
    internal ulong MaxXfer;

    [FieldOffset(80)]
    internal UInt64x8 Reserved;
}
