using System.Runtime.InteropServices;

namespace FlashKV.Superpipe.Abi;

/// <summary>
/// An IOASA as the AFU answers a LUN provision command with. 64 bytes, host byte order.
/// Source: sislite.h, the second arms of the unions in struct sisl_ioasa.
/// </summary>
[StructLayout(LayoutKind.Explicit, Size = SizeInBytes)]
internal struct SislIoasaProvision
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

    [FieldOffset(4)]
    internal uint LunIdHi;

    [FieldOffset(8)]
    internal byte Port;

    [FieldOffset(9)]
    internal byte AfuExtra;

    [FieldOffset(10)]
    internal byte ScsiExtra;

    [FieldOffset(11)]
    internal byte FcExtra;

    [FieldOffset(12)]
    internal uint LunIdLo;

    [FieldOffset(16)]
    internal Bytes16 Wwid;

    [FieldOffset(32)]
    internal Bytes32 HostUse;
}
