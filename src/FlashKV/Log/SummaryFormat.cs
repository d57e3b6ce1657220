using System.Buffers.Binary;
using System.Diagnostics;
using System.Runtime.CompilerServices;

namespace FlashKV.Log;

/// <summary>
/// The summary of a sealed segment: one entry per record, in log order, that ends where the footer
/// begins. On disk: do not change; add a version. See docs/formats.md, "Summary".
/// </summary>
internal static class SummaryFormat
{
    public const int HashOffset = 0;
    public const int SequenceOffset = HashOffset + sizeof(ulong);
    public const int PlaceOffset = SequenceOffset + sizeof(uint);
    public const int EntryBytes = PlaceOffset + sizeof(uint);

    /// <summary>
    /// The largest distance of a sequence number from the smallest of its segment.
    /// </summary>
    public const ulong MaxSequenceDistance = uint.MaxValue;

    private const int PlaceShift = 8;
    private const byte DeadFlag = 0x80;

    public static int OffsetOf(int segmentBytes, int recordCount) =>
        segmentBytes - SegmentFooter.SizeInBytes - (recordCount * EntryBytes);

    public static void Write(Span<byte> entry, in SummaryEntry value, ulong minSequence)
    {
        Debug.Assert(value.Sequence - minSequence <= MaxSequenceDistance);
        Debug.Assert(value.Offset % RecordFormat.Alignment == 0);
        Debug.Assert(((byte)value.Flags & DeadFlag) == 0);
        uint flags = (byte)value.Flags | (uint)(value.IsDead ? DeadFlag : 0);
        uint place = ((uint)(value.Offset / RecordFormat.Alignment) << PlaceShift) | flags;
        BinaryPrimitives.WriteUInt64LittleEndian(entry, value.Hash);
        BinaryPrimitives.WriteUInt32LittleEndian(
            entry[SequenceOffset..], (uint)(value.Sequence - minSequence));
        BinaryPrimitives.WriteUInt32LittleEndian(entry[PlaceOffset..], place);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static SummaryEntry Read(ReadOnlySpan<byte> entry, ulong minSequence)
    {
        uint place = BinaryPrimitives.ReadUInt32LittleEndian(entry[PlaceOffset..]);
        return new SummaryEntry(
            BinaryPrimitives.ReadUInt64LittleEndian(entry),
            minSequence + BinaryPrimitives.ReadUInt32LittleEndian(entry[SequenceOffset..]),
            (int)(place >> PlaceShift) * RecordFormat.Alignment,
            (RecordFlags)(place & 0x7F),
            (place & DeadFlag) != 0);
    }
}
