using System.Buffers.Binary;

namespace FlashKV.Log;

/// <summary>
/// The first block of a segment. On disk: do not change; add a version.
/// See docs/formats.md, "Segment header".
/// </summary>
internal readonly record struct SegmentHeader(
    StoreId Store, int Shard, int Slot, SegmentKind Kind, long SegmentId, ulong FirstSequence)
{
    public const ulong Magic = 0x3147_4553_564B_4C46; // "FLKVSEG1"
    public const int VersionOffset = sizeof(ulong);
    public const int KindOffset = VersionOffset + sizeof(uint);
    public const int ShardOffset = KindOffset + sizeof(ushort);
    public const int StoreOffset = ShardOffset + sizeof(ushort);
    public const int SegmentIdOffset = StoreOffset + StoreId.SizeInBytes;
    public const int FirstSequenceOffset = SegmentIdOffset + sizeof(long);
    public const int SlotOffset = FirstSequenceOffset + sizeof(ulong);
    public const int ChecksumOffset = SlotOffset + sizeof(uint);
    public const int SizeInBytes = ChecksumOffset + sizeof(uint);

    /// <summary>Where in its block the header stands a second time, in another sector.</summary>
    public const int CopyOffset = LogGeometry.BlockBytes / 2;

    /// <summary>
    /// The seed of every checksum in the segment. It names the place and the life of the segment,
    /// so that neither a record of an earlier life nor one that was misdirected passes as valid.
    /// </summary>
    public uint ChecksumSeed
    {
        get
        {
            Span<byte> identity = stackalloc byte[StoreId.SizeInBytes + 16];
            Store.Write(identity);
            BinaryPrimitives.WriteInt64LittleEndian(identity[StoreId.SizeInBytes..], SegmentId);
            BinaryPrimitives.WriteInt32LittleEndian(identity[^8..], Shard);
            BinaryPrimitives.WriteInt32LittleEndian(identity[^4..], Slot);
            return Crc32C.Compute(identity);
        }
    }

    /// <summary>Writes the header block: the fields, their copy, and zeros.</summary>
    public void WriteBlock(Span<byte> block)
    {
        Write(block[..CopyOffset]);
        Write(block[CopyOffset..]);
    }

    /// <summary>Writes the fields, then zeros.</summary>
    public void Write(Span<byte> block)
    {
        block.Clear();
        BinaryPrimitives.WriteUInt64LittleEndian(block, Magic);
        BinaryPrimitives.WriteUInt32LittleEndian(block[VersionOffset..], FormatVersion.Current);
        BinaryPrimitives.WriteUInt16LittleEndian(block[KindOffset..], (ushort)Kind);
        BinaryPrimitives.WriteUInt16LittleEndian(block[ShardOffset..], (ushort)Shard);
        Store.Write(block[StoreOffset..]);
        BinaryPrimitives.WriteInt64LittleEndian(block[SegmentIdOffset..], SegmentId);
        BinaryPrimitives.WriteUInt64LittleEndian(block[FirstSequenceOffset..], FirstSequence);
        BinaryPrimitives.WriteInt32LittleEndian(block[SlotOffset..], Slot);
        uint checksum = Crc32C.Compute(block[..ChecksumOffset]);
        BinaryPrimitives.WriteUInt32LittleEndian(block[ChecksumOffset..], checksum);
    }

    /// <summary>
    /// Reads a header block: the header, or its copy where the header is damaged.
    /// </summary>
    /// <param name="block">The block.</param>
    /// <param name="header">The header.</param>
    /// <param name="isCopy">Whether it is the copy.</param>
    /// <returns>false if neither is one.</returns>
    public static bool TryReadBlock(
        ReadOnlySpan<byte> block, out SegmentHeader header, out bool isCopy)
    {
        isCopy = !TryRead(block, out header);
        return !isCopy || TryRead(block[CopyOffset..], out header);
    }

    /// <summary>Reads a header.</summary>
    /// <returns>false if it is not one, or its checksum is wrong.</returns>
    public static bool TryRead(ReadOnlySpan<byte> block, out SegmentHeader header)
    {
        header = default;
        if (BinaryPrimitives.ReadUInt64LittleEndian(block) != Magic
            || BinaryPrimitives.ReadUInt32LittleEndian(block[ChecksumOffset..])
                != Crc32C.Compute(block[..ChecksumOffset])
            || BinaryPrimitives.ReadUInt32LittleEndian(block[VersionOffset..])
                != FormatVersion.Current)
        {
            return false;
        }

        header = new SegmentHeader(
            StoreId.Read(block[StoreOffset..]),
            BinaryPrimitives.ReadUInt16LittleEndian(block[ShardOffset..]),
            BinaryPrimitives.ReadInt32LittleEndian(block[SlotOffset..]),
            (SegmentKind)BinaryPrimitives.ReadUInt16LittleEndian(block[KindOffset..]),
            BinaryPrimitives.ReadInt64LittleEndian(block[SegmentIdOffset..]),
            BinaryPrimitives.ReadUInt64LittleEndian(block[FirstSequenceOffset..]));
        return true;
    }
}
