using System.Runtime.InteropServices;

namespace FlashKV.Superpipe.Abi;

/// <summary>
/// The AFU raised an interrupt of this context.
/// 16 bytes, alignment 8, native byte order. Source: misc/cxl.h, struct cxl_event_afu_interrupt.
/// </summary>
[StructLayout(LayoutKind.Explicit, Size = SizeInBytes)]
internal struct CxlEventAfuInterrupt
{
    internal const int SizeInBytes = 16;

    [FieldOffset(0)]
    internal CxlEventHeader Header;

    [FieldOffset(8)]
    internal ushort Flags;

    /// <summary>The interrupt number, counted from 1; see <see cref="SislLisn"/>.</summary>
    [FieldOffset(10)]
    internal ushort Irq;

    [FieldOffset(12)]
    internal uint Reserved;
}
