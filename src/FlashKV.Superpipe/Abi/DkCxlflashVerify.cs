using System.Runtime.InteropServices;

namespace FlashKV.Superpipe.Abi;

/// <summary>
/// The argument of VERIFY: looks at a LUN again, after a unit attention.
/// 144 bytes, alignment 8, native byte order. Source: cxlflash_ioctl.h, struct dk_cxlflash_verify.
/// </summary>
[StructLayout(LayoutKind.Explicit, Size = SizeInBytes)]
internal struct DkCxlflashVerify
{
    internal const int SizeInBytes = 144;

    /// <summary>DK_CXLFLASH_VERIFY_HINT_SENSE: <see cref="SenseData"/> is given.</summary>
    internal const ulong HintSense = 1UL << 63;

    /// <summary>DK_CXLFLASH_VERIFY_SENSE_LEN.</summary>
    internal const int SenseLength = 18;

    [FieldOffset(0)]
    internal DkCxlflashHdr Hdr;

    [FieldOffset(24)]
    internal ulong ContextId;

    [FieldOffset(32)]
    internal ulong RsrcHandle;

    [FieldOffset(40)]
    internal ulong Hint;

    /// <summary>Out: the last LBA; physical in own blocks, virtual in 4,096-byte blocks.</summary>
    [FieldOffset(48)]
    internal ulong LastLba;

    [FieldOffset(56)]
    internal Bytes18 SenseData;

    [FieldOffset(74)]
    internal Bytes6 Pad;

    [FieldOffset(80)]
    internal UInt64x8 Reserved;
}
