using System.Buffers.Binary;

namespace FlashKV.Log;

/// <summary>
/// The last bytes of a sealed segment: where its records end and its summary begins.
/// On disk: do not change; add a version. See docs/formats.md, "Segment footer".
/// </summary>
/// <param name="SegmentId">The segment that it closes.</param>
/// <param name="RecordCount">The entries of the summary.</param>
/// <param name="DataEnd">The offset in the slot behind the last record.</param>
/// <param name="SummaryChecksum">The checksum of the summary.</param>
/// <param name="MinSequence">
/// The smallest sequence number in it; the summary counts from it.
/// </param>
/// <param name="MaxSequence">The largest sequence number in it.</param>
/// <param name="Fence">
/// The id that the shard's next segment would have got when this one was closed. No segment with
/// this id or a later one holds a version older than a tombstone in this segment.
/// </param>
internal readonly record struct SegmentFooter(
    long SegmentId,
    int RecordCount,
    int DataEnd,
    uint SummaryChecksum,
    ulong MinSequence,
    ulong MaxSequence,
    long Fence)
{
    public const ulong Magic = 0x3144_4E45_564B_4C46; // "FLKVEND1"
    public const int SegmentIdOffset = sizeof(ulong);
    public const int RecordCountOffset = SegmentIdOffset + sizeof(long);
    public const int DataEndOffset = RecordCountOffset + sizeof(int);
    public const int MinSequenceOffset = DataEndOffset + sizeof(int);
    public const int MaxSequenceOffset = MinSequenceOffset + sizeof(ulong);
    public const int FenceOffset = MaxSequenceOffset + sizeof(ulong);
    public const int SummaryChecksumOffset = FenceOffset + sizeof(long);
    public const int ReservedOffset = SummaryChecksumOffset + sizeof(uint);
    public const int ChecksumOffset = ReservedOffset + sizeof(uint);
    public const int SizeInBytes = ChecksumOffset + sizeof(uint) + sizeof(uint);

    public void Write(Span<byte> footer, uint seed)
    {
        footer[..SizeInBytes].Clear();
        BinaryPrimitives.WriteUInt64LittleEndian(footer, Magic);
        BinaryPrimitives.WriteInt64LittleEndian(footer[SegmentIdOffset..], SegmentId);
        BinaryPrimitives.WriteInt32LittleEndian(footer[RecordCountOffset..], RecordCount);
        BinaryPrimitives.WriteInt32LittleEndian(footer[DataEndOffset..], DataEnd);
        BinaryPrimitives.WriteUInt64LittleEndian(footer[MinSequenceOffset..], MinSequence);
        BinaryPrimitives.WriteUInt64LittleEndian(footer[MaxSequenceOffset..], MaxSequence);
        BinaryPrimitives.WriteInt64LittleEndian(footer[FenceOffset..], Fence);
        BinaryPrimitives.WriteUInt32LittleEndian(footer[SummaryChecksumOffset..], SummaryChecksum);
        uint checksum = Crc32C.Compute(footer[..ChecksumOffset], seed);
        BinaryPrimitives.WriteUInt32LittleEndian(footer[ChecksumOffset..], checksum);
    }

    /// <summary>
    /// Reads the footer of the segment with the given header, if the segment is sealed.
    /// </summary>
    public static bool TryRead(
        ReadOnlySpan<byte> footer,
        in SegmentHeader header,
        int segmentBytes,
        out SegmentFooter read)
    {
        read = default;
        if (BinaryPrimitives.ReadUInt64LittleEndian(footer) != Magic
            || BinaryPrimitives.ReadUInt32LittleEndian(footer[ChecksumOffset..])
                != Crc32C.Compute(footer[..ChecksumOffset], header.ChecksumSeed))
        {
            return false;
        }

        read = new SegmentFooter(
            BinaryPrimitives.ReadInt64LittleEndian(footer[SegmentIdOffset..]),
            BinaryPrimitives.ReadInt32LittleEndian(footer[RecordCountOffset..]),
            BinaryPrimitives.ReadInt32LittleEndian(footer[DataEndOffset..]),
            BinaryPrimitives.ReadUInt32LittleEndian(footer[SummaryChecksumOffset..]),
            BinaryPrimitives.ReadUInt64LittleEndian(footer[MinSequenceOffset..]),
            BinaryPrimitives.ReadUInt64LittleEndian(footer[MaxSequenceOffset..]),
            BinaryPrimitives.ReadInt64LittleEndian(footer[FenceOffset..]));
        return read.SegmentId == header.SegmentId && read.HasSaneSizes(segmentBytes);
    }

    /// <summary>Reads a footer whatever segment of the slot it closes.</summary>
    public static bool TryReadAny(
        ReadOnlySpan<byte> footer,
        StoreId store,
        int shard,
        int slot,
        int segmentBytes,
        out SegmentFooter read)
    {
        long id = BinaryPrimitives.ReadInt64LittleEndian(footer[SegmentIdOffset..]);
        var header = new SegmentHeader(store, shard, slot, SegmentKind.Free, id, 0);
        return TryRead(footer, header, segmentBytes, out read);
    }

    /// <summary>
    /// Whether these bytes were the footer of a segment and are not any more. Its sector is written
    /// as a whole, so no crash leaves that. What an earlier life of the slot left is something
    /// else.
    /// </summary>
    public static bool IsDamaged(
        ReadOnlySpan<byte> footer, in SegmentHeader header, int segmentBytes)
    {
        if (BinaryPrimitives.ReadInt64LittleEndian(footer[SegmentIdOffset..]) == header.SegmentId)
        {
            return !TryRead(footer, header, segmentBytes, out _);
        }

        Span<byte> mended = stackalloc byte[SizeInBytes];
        footer[..SizeInBytes].CopyTo(mended);
        BinaryPrimitives.WriteInt64LittleEndian(mended[SegmentIdOffset..], header.SegmentId);
        return TryRead(mended, header, segmentBytes, out _);
    }

    private bool HasSaneSizes(int segmentBytes) =>
        RecordCount >= 0
        && DataEnd >= LogGeometry.BlockBytes
        && DataEnd + ((long)RecordCount * SummaryFormat.EntryBytes) + SizeInBytes <= segmentBytes;
}
