using System.Runtime.InteropServices;

namespace FlashKV.Superpipe.Abi;

/// <summary>
/// The AFU touched an address that the process does not have.
/// 40 bytes, alignment 8, native byte order. Source: misc/cxl.h, struct cxl_event_data_storage.
/// </summary>
[StructLayout(LayoutKind.Explicit, Size = SizeInBytes)]
internal struct CxlEventDataStorage
{
    internal const int SizeInBytes = 40;

    [FieldOffset(0)]
    internal CxlEventHeader Header;

    [FieldOffset(8)]
    internal ushort Flags;

    [FieldOffset(10)]
    internal ushort Reserved1;

    [FieldOffset(12)]
    internal uint Reserved2;

    [FieldOffset(16)]
    internal ulong Addr;

    [FieldOffset(24)]
    internal ulong Dsisr;

    [FieldOffset(32)]
    internal ulong Reserved3;
}
