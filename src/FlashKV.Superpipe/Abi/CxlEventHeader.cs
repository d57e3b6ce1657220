using System.Runtime.InteropServices;

namespace FlashKV.Superpipe.Abi;

/// <summary>
/// The start of every event.
/// 8 bytes, alignment 8, native byte order. Source: misc/cxl.h, struct cxl_event_header.
/// </summary>
[StructLayout(LayoutKind.Explicit, Size = SizeInBytes)]
internal struct CxlEventHeader
{
    internal const int SizeInBytes = 8;

    /// <summary>The smallest buffer that a read of an event accepts.</summary>
    internal const int MinReadLength = 4096;

    [FieldOffset(0)]
    internal CxlEventType Type;

    /// <summary>Bytes of the whole event.</summary>
    [FieldOffset(2)]
    internal ushort Size;

    [FieldOffset(4)]
    internal ushort ProcessElement;

    [FieldOffset(6)]
    internal ushort Reserved;
}
