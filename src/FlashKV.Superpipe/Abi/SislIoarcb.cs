using System.Runtime.InteropServices;

namespace FlashKV.Superpipe.Abi;

/// <summary>
/// One command to the AFU. 64 bytes, aligned to 64 (16 would do); host byte order, the CDB
/// big-endian. Source: sislite.h, struct sisl_ioarcb.
/// </summary>
[StructLayout(LayoutKind.Explicit, Size = SizeInBytes)]
internal struct SislIoarcb
{
    internal const int SizeInBytes = 64;

    /// <summary>What the AFU demands of the address at least.</summary>
    internal const int MinAlignment = 16;

    /// <summary>What the AFU demands of <see cref="DataEa"/> at least.</summary>
    internal const int DataAlignment = 16;

    /// <summary>The sending context's own handle.</summary>
    [FieldOffset(0)]
    internal ushort CtxId;

    [FieldOffset(2)]
    internal SislReqFlags ReqFlags;

    /// <summary>
    /// The resource handle; without <see cref="SislReqFlags.ResHndl"/> it is port_sel, the mask of
    /// ports.
    /// </summary>
    [FieldOffset(4)]
    internal uint ResHndl;

    /// <summary>Used only without a resource handle.</summary>
    [FieldOffset(8)]
    internal ulong LunId;

    /// <summary>Bytes of the buffer.</summary>
    [FieldOffset(16)]
    internal uint DataLen;

    /// <summary>Zero.</summary>
    [FieldOffset(20)]
    internal uint IoadlLen;

    /// <summary>The address of the buffer.</summary>
    [FieldOffset(24)]
    internal ulong DataEa;

    /// <summary>The LISN to raise with the response; 0 is none.</summary>
    [FieldOffset(32)]
    internal byte Msi;

    /// <summary>Zero.</summary>
    [FieldOffset(33)]
    internal byte Rrq;

    /// <summary>In the unit that <see cref="ReqFlags"/> states.</summary>
    [FieldOffset(34)]
    internal ushort Timeout;

    [FieldOffset(36)]
    internal uint Rsvd;

    [FieldOffset(40)]
    internal Bytes16 Cdb;

    /// <summary>The address of the IOASA in SQ mode; else reserved.</summary>
    [FieldOffset(56)]
    internal ulong Ioasa;
}
