using System.Runtime.InteropServices;

namespace FlashKV.Superpipe.Abi;

/// <summary>
/// The AFU reported an error.
/// 24 bytes, alignment 8, native byte order. Source: misc/cxl.h, struct cxl_event_afu_error.
/// </summary>
[StructLayout(LayoutKind.Explicit, Size = SizeInBytes)]
internal struct CxlEventAfuError
{
    internal const int SizeInBytes = 24;

    [FieldOffset(0)]
    internal CxlEventHeader Header;

    [FieldOffset(8)]
    internal ushort Flags;

    [FieldOffset(10)]
    internal ushort Reserved1;

    [FieldOffset(12)]
    internal uint Reserved2;

    [FieldOffset(16)]
    internal ulong Error;
}
