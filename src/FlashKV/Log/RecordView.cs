using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using FlashKV.Memory;

namespace FlashKV.Log;

/// <summary>
/// Reads the fields of a record. Made only by <see cref="TryParse"/>, which checks every length
/// against the bytes at hand, so that no field reaches outside of them.
/// </summary>
internal readonly ref struct RecordView
{
    private const int FlagsShift = 8 * (RecordFormat.FlagsOffset - RecordFormat.KeyLengthOffset);
    private const int PaddingShift =
        8 * (RecordFormat.PaddingOffset - RecordFormat.KeyLengthOffset);

    private readonly ReadOnlySpan<byte> _record;
    private readonly int _keyOffset;
    private readonly int _keyLength;

    private RecordView(
        ReadOnlySpan<byte> record, RecordFlags flags, int keyOffset, int keyLength, int padding)
    {
        _record = record;
        _keyOffset = keyOffset;
        _keyLength = keyLength;
        Flags = flags;
        ValueLength = record.Length - padding - keyOffset - keyLength;
    }

    /// <summary>The whole record, from its checksum to its padding.</summary>
    public ReadOnlySpan<byte> Bytes => _record;

    public int Size => _record.Length;

    /// <summary>The checksum that stands in the record.</summary>
    public uint Checksum => BinaryPrimitives.ReadUInt32LittleEndian(_record);

    public RecordState State =>
        RecordFormat.StateOf(
            BinaryPrimitives.ReadUInt32LittleEndian(_record[RecordFormat.SizeOffset..]));

    public ulong Sequence =>
        BinaryPrimitives.ReadUInt64LittleEndian(_record[RecordFormat.SequenceOffset..]);

    public RecordFlags Flags { get; }

    public bool IsTombstone => (Flags & RecordFlags.Tombstone) != 0;

    /// <summary>
    /// The batch that the record belongs to or commits; 0 for a record of no batch.
    /// </summary>
    public ulong BatchId =>
        (Flags & (RecordFlags.BatchMember | RecordFlags.BatchCommit)) == 0
            ? 0
            : BinaryPrimitives.ReadUInt64LittleEndian(_record[RecordFormat.HeaderBytes..]);

    public ReadOnlySpan<byte> Key => _record.Slice(_keyOffset, _keyLength);

    public ReadOnlySpan<byte> Value => _record.Slice(ValueOffset, ValueLength);

    /// <summary>The offset of the value in the record.</summary>
    public int ValueOffset => _keyOffset + _keyLength;

    /// <summary>The length of the value in bytes.</summary>
    public int ValueLength { get; }

    /// <summary>Whether the checksum is right under the seed of the record's segment.</summary>
    public bool HasChecksum(uint seed) =>
        Checksum == RecordFormat.Checksum(_record, seed);

    /// <summary>
    /// Gives the value of the record at the start of <paramref name="bytes"/> if it has the given
    /// key: what <see cref="TryParse"/> gives, by a shorter way.
    /// </summary>
    /// <param name="bytes">At least <see cref="RecordFormat.HeaderBytes"/> bytes.</param>
    /// <param name="key">The key.</param>
    /// <param name="value">The value.</param>
    /// <returns>
    /// false if its sizes cannot be those of a record, or if it has another key.
    /// </returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryGetValue(
        NativeRegion bytes, ReadOnlySpan<byte> key, out ReadOnlySpan<byte> value)
    {
        int size = RecordFormat.SizeOf(bytes.HalfWord(RecordFormat.SizeOffset));
        uint shape = bytes.HalfWord(RecordFormat.KeyLengthOffset);
        int keyOffset = RecordFormat.HeaderBytes
            + RecordFormat.ExtensionBytes((RecordFlags)(byte)(shape >> FlagsShift));
        int padding = (int)(shape >> PaddingShift);
        int valueLength = size - padding - keyOffset - key.Length;
        if ((ushort)shape == key.Length && padding < RecordFormat.Alignment
            && valueLength >= 0 && size <= bytes.Length
            && bytes.Span(keyOffset, key.Length).SequenceEqual(key))
        {
            value = bytes.Span(keyOffset + key.Length, valueLength);
            return true;
        }

        value = default;
        return false;
    }

    /// <summary>Finds the record at the start of <paramref name="bytes"/>.</summary>
    /// <returns>
    /// false if its sizes cannot be those of a record; the checksum is not looked at.
    /// </returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
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

        // Key length, flags and padding are one aligned half word.
        uint shape = BinaryPrimitives.ReadUInt32LittleEndian(bytes[RecordFormat.KeyLengthOffset..]);
        var flags = (RecordFlags)(byte)(shape >> FlagsShift);
        int padding = (int)(shape >> PaddingShift);
        view = new RecordView(
            bytes[..size],
            flags,
            RecordFormat.HeaderBytes + RecordFormat.ExtensionBytes(flags),
            (ushort)shape,
            padding);
        return padding < RecordFormat.Alignment && view.ValueLength >= 0;
    }
}
