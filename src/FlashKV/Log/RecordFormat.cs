using System.Buffers.Binary;
using System.Diagnostics;
using FlashKV.Memory;

namespace FlashKV.Log;

/// <summary>
/// The bytes of a record. On disk: do not change; add a version.
/// See docs/formats.md, "Record".
/// </summary>
internal static class RecordFormat
{
    public const int ChecksumOffset = 0;
    public const int SizeOffset = ChecksumOffset + sizeof(uint);
    public const int SequenceOffset = SizeOffset + sizeof(uint);
    public const int KeyLengthOffset = SequenceOffset + sizeof(ulong);
    public const int FlagsOffset = KeyLengthOffset + sizeof(ushort);
    public const int PaddingOffset = FlagsOffset + sizeof(byte);
    public const int HeaderBytes = PaddingOffset + sizeof(byte);
    public const int BatchIdBytes = sizeof(ulong);
    public const int ExpiryBytes = sizeof(long);
    public const int Alignment = 8;
    public const int MaxKeyLength = ushort.MaxValue;

    private const uint StateMask = Alignment - 1;

    /// <summary>The bytes between the header and the key.</summary>
    public static int ExtensionBytes(RecordFlags flags) =>
        ((flags & (RecordFlags.BatchMember | RecordFlags.BatchCommit)) != 0 ? BatchIdBytes : 0)
        + ((flags & RecordFlags.Expires) != 0 ? ExpiryBytes : 0);

    public static int SizeOf(RecordFlags flags, int keyLength, int valueLength) =>
        (int)Align(HeaderBytes + ExtensionBytes(flags) + (long)keyLength + valueLength);

    public static long Align(long length) => (length + Alignment - 1) & -Alignment;

    /// <summary>
    /// The 64-bit word at the start of a record that claims <paramref name="size"/> bytes.
    /// </summary>
    public static long ReservedWord(int size) => WordOf(size, RecordState.Reserved);

    public static long EndWord => WordOf(0, RecordState.End);

    public static uint SizeWord(int size, RecordState state) => (uint)size | (uint)state;

    public static RecordState StateOfWord(long word) => StateOf((uint)(word >> 32));

    public static int SizeOfWord(long word) => SizeOf((uint)(word >> 32));

    public static RecordState StateOf(uint sizeWord) => (RecordState)(sizeWord & StateMask);

    public static int SizeOf(uint sizeWord) => (int)(sizeWord & ~StateMask);

    /// <summary>
    /// Writes everything of a record but its first eight bytes (checksum and size), which the log
    /// tail owns.
    /// </summary>
    public static void WriteBody(
        Span<byte> record,
        ulong sequence,
        RecordFlags flags,
        ulong batchId,
        ReadOnlySpan<byte> key,
        ReadOnlySpan<byte> value)
    {
        Debug.Assert((flags & RecordFlags.Expires) == 0, "No caller writes an expiry yet.");
        int keyOffset = HeaderBytes + ExtensionBytes(flags);
        int end = keyOffset + key.Length + value.Length;
        Debug.Assert(record.Length == Align(end));

        BinaryPrimitives.WriteUInt64LittleEndian(record[SequenceOffset..], sequence);
        BinaryPrimitives.WriteUInt16LittleEndian(record[KeyLengthOffset..], (ushort)key.Length);
        record[FlagsOffset] = (byte)flags;
        record[PaddingOffset] = (byte)(record.Length - end);
        if (keyOffset != HeaderBytes)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(record[HeaderBytes..], batchId);
        }

        key.CopyTo(record[keyOffset..]);
        Step.Reached("key");
        value.CopyTo(record[(keyOffset + key.Length)..]);
        record[end..].Clear();
    }

    /// <summary>
    /// Makes a record in staging look as if it had no key, which no reader looks for; until
    /// <see cref="ShowKey"/>, which is one store.
    /// </summary>
    public static void HideKey(NativeRegion staging, int offset) =>
        SetKeyLength(staging, offset, 0);

    /// <summary>Lets readers see the key of a record that was hidden.</summary>
    public static void ShowKey(NativeRegion staging, int offset, int keyLength) =>
        SetKeyLength(staging, offset, (ushort)keyLength);

    /// <summary>Makes a dead record of the given size: no key, and padding as a value.</summary>
    public static void WriteDead(Span<byte> record, int size)
    {
        Debug.Assert(record.Length == size);
        record[SequenceOffset..].Clear();
        BinaryPrimitives.WriteUInt32LittleEndian(
            record[SizeOffset..], SizeWord(size, RecordState.Dead));
    }

    /// <summary>
    /// The seed of a record's checksum, by its place: a block that was written in another place of
    /// the same segment is not valid there.
    /// </summary>
    public static uint SeedAt(uint segmentSeed, int offset) => segmentSeed ^ (uint)offset;

    /// <summary>The checksum of a record: all its bytes after the checksum itself.</summary>
    public static uint Checksum(ReadOnlySpan<byte> record, uint seed) =>
        Crc32C.Compute(record[SizeOffset..], seed);

    // The length shares its aligned half word with flags and padding, which stay as they are.
    private static void SetKeyLength(NativeRegion staging, int offset, ushort keyLength)
    {
        ref uint word = ref staging.HalfWord(offset + KeyLengthOffset);
        Volatile.Write(ref word, (word & ~(uint)ushort.MaxValue) | keyLength);
    }

    private static long WordOf(int size, RecordState state) => (long)SizeWord(size, state) << 32;
}
