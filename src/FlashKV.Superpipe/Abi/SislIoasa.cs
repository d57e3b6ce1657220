using System.Runtime.InteropServices;

namespace FlashKV.Superpipe.Abi;

/// <summary>
/// The AFU's answer to one command. 64 bytes, host byte order. It lies directly behind the IOARCB,
/// or, in SQ mode, where <see cref="SislIoarcb.Ioasa"/> says. Source: sislite.h, struct sisl_ioasa.
/// </summary>
[StructLayout(LayoutKind.Explicit, Size = SizeInBytes)]
internal struct SislIoasa
{
    internal const int SizeInBytes = 64;

    [FieldOffset(0)]
    internal SislIoasaFlags Flags;

    [FieldOffset(1)]
    internal SislAfuRc AfuRc;

    [FieldOffset(2)]
    internal SislScsiRc ScsiRc;

    [FieldOffset(3)]
    internal SislFcRc FcRc;

    /// <summary>Bytes not transferred.</summary>
    [FieldOffset(4)]
    internal uint Resid;

    [FieldOffset(8)]
    internal byte Port;

    /// <summary>With DMA errors a <see cref="SislAfuDmaExtra"/>.</summary>
    [FieldOffset(9)]
    internal byte AfuExtra;

    [FieldOffset(10)]
    internal byte ScsiExtra;

    [FieldOffset(11)]
    internal byte FcExtra;

    /// <summary>Valid with <see cref="SislIoasaFlags.SenseValid"/>.</summary>
    [FieldOffset(12)]
    internal Bytes20 SenseData;

    [FieldOffset(32)]
    internal Bytes32 HostUse;

    /// <summary>The first four bytes as a little-endian number; 0 is success.</summary>
    internal readonly uint Ioasc =>
        (uint)Flags | ((uint)AfuRc << 8) | ((uint)ScsiRc << 16) | ((uint)FcRc << 24);
}
