using System.Buffers.Binary;

namespace FlashKV.Log;

/// <summary>
/// Reads the fields of a record. Made only by <see cref="TryParse"/>, which checks every length
/// against the bytes at hand, so that no field reaches outside of them.
/// </summary>
internal readonly ref struct RecordView
{
    private readonly ReadOnlySpan<byte> _record;

    private RecordView(ReadOnlySpan<byte> record) => _record = record;

    /// <summary>The whole record, from its checksum to its padding.</summary>
    public ReadOnlySpan<byte> Bytes => _record;

    public int Size => _record.Length;

    public RecordState State =>
        RecordFormat.StateOf(
            BinaryPrimitives.ReadUInt32LittleEndian(_record[RecordFormat.SizeOffset..]));

    public ulong Sequence =>
        BinaryPrimitives.ReadUInt64LittleEndian(_record[RecordFormat.SequenceOffset..]);

    public RecordFlags Flags => (RecordFlags)_record[RecordFormat.FlagsOffset];

    public bool IsTombstone => (Flags & RecordFlags.Tombstone) != 0;

    /// <summary>
    /// The batch that the record belongs to or commits; 0 for a record of no batch.
    /// </summary>
    public ulong BatchId =>
        (Flags & (RecordFlags.BatchMember | RecordFlags.BatchCommit)) == 0
            ? 0
            : BinaryPrimitives.ReadUInt64LittleEndian(_record[RecordFormat.HeaderBytes..]);

    public ReadOnlySpan<byte> Key => _record.Slice(KeyOffset, KeyLength);

    public ReadOnlySpan<byte> Value => _record[ValueOffset..^Padding];

    /// <summary>The offset of the value in the record.</summary>
    public int ValueOffset => KeyOffset + KeyLength;

    /// <summary>The length of the value in bytes.</summary>
    public int ValueLength => Size - Padding - ValueOffset;

    private int KeyOffset => RecordFormat.HeaderBytes + RecordFormat.ExtensionBytes(Flags);

    private int KeyLength =>
        BinaryPrimitives.ReadUInt16LittleEndian(_record[RecordFormat.KeyLengthOffset..]);

    private int Padding => _record[RecordFormat.PaddingOffset];

    /// <summary>Whether the checksum is right under the seed of the record's segment.</summary>
    public bool HasChecksum(uint seed) =>
        BinaryPrimitives.ReadUInt32LittleEndian(_record) == RecordFormat.Checksum(_record, seed);

    /// <summary>Finds the record at the start of <paramref name="bytes"/>.</summary>
    /// <returns>
    /// false if its sizes cannot be those of a record; the checksum is not looked at.
    /// </returns>
    public static bool TryParse(ReadOnlySpan<byte> bytes, out RecordView view)
    {
        view = default;
        if (bytes.Length < RecordFormat.HeaderBytes)
        {
            return false;
        }

        uint sizeWord = BinaryPrimitives.ReadUInt32LittleEndian(bytes[RecordFormat.SizeOffset..]);
        int size = RecordFormat.SizeOf(sizeWord);
        if (size < RecordFormat.HeaderBytes || size > bytes.Length)
        {
            return false;
        }

        view = new RecordView(bytes[..size]);
        return view.Padding < RecordFormat.Alignment && view.ValueLength >= 0;
    }
}
