using System.Buffers.Binary;
using System.Runtime.InteropServices;
using FlashKV.Log;
using FlashKV.Memory;

namespace FlashKV.Fuzzing.Targets;

/// <summary>
/// The two decoders of a record, the checked one and the short one of gets: no field reaches out of
/// the bytes, and both give the same value.
/// </summary>
internal sealed unsafe class RecordTarget(uint seed) : IFuzzTarget
{
    private const int Bytes = 4_096;

    private readonly byte* _memory =
        (byte*)NativeMemory.AlignedAlloc(Bytes, RecordFormat.Alignment);

    /// <inheritdoc/>
    public string Name => "record";

    /// <inheritdoc/>
    public IReadOnlyList<byte[]> Seeds { get; } =
    [
        Valid(default, "key"u8, "value"u8), Valid(RecordFlags.Tombstone, "key"u8, default),
        Valid(RecordFlags.BatchMember, "key"u8, new byte[40]),
        Valid(RecordFlags.BatchCommit, default, new byte[32]),
    ];

    /// <inheritdoc/>
    public long MostManagedBytes => 1 << 20;

    /// <inheritdoc/>
    public void Run(ReadOnlyMemory<byte> input)
    {
        bool isMended = !input.IsEmpty && (input.Span[0] & 1) != 0;
        ReadOnlySpan<byte> given = input.IsEmpty ? default : input.Span[1..];
        int length = Math.Min(given.Length, Bytes) & -RecordFormat.Alignment;

        // SAFETY: the memory has that many bytes until this is disposed.
        var bytes = new Span<byte>(_memory, length);
        given[..length].CopyTo(bytes);
        if (length >= RecordFormat.HeaderBytes)
        {
            Decode(new NativeRegion((nint)_memory, length), bytes, isMended);
        }
    }

    public void Dispose() => NativeMemory.AlignedFree(_memory);

    private static byte[] Valid(RecordFlags flags, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        int size = RecordFormat.SizeOf(flags, key.Length, value.Length);
        byte[] record = new byte[size];
        RecordFormat.WriteBody(record, 7, flags, 3, key, value);
        BinaryPrimitives.WriteUInt32LittleEndian(
            record.AsSpan(RecordFormat.SizeOffset),
            RecordFormat.SizeWord(size, RecordState.Committed));
        return [1, .. record];
    }

    private void Decode(NativeRegion region, Span<byte> bytes, bool isMended)
    {
        if (!RecordView.TryParse(bytes, out RecordView record))
        {
            return;
        }

        if (isMended)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(
                bytes, RecordFormat.Checksum(record.Bytes, seed));
            FuzzFailure.Unless(record.HasChecksum(seed), "a mended checksum is wrong");
        }

        int fields = RecordFormat.HeaderBytes + RecordFormat.ExtensionBytes(record.Flags)
            + record.Key.Length + record.Value.Length;
        FuzzFailure.Unless(
            fields <= record.Size && record.Size - fields < RecordFormat.Alignment,
            "the fields of a record are not as long as the record");
        _ = record.BatchId;
        bool isFound = RecordView.TryGetValue(region, record.Key, out ReadOnlySpan<byte> value);
        FuzzFailure.Unless(
            isFound && value.SequenceEqual(record.Value), "two decoders give different values");
        byte[] other = [.. record.Key, 0];
        FuzzFailure.Unless(
            !RecordView.TryGetValue(region, other, out _), "a record has a longer key too");
    }
}
