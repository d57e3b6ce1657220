using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.Intrinsics;
using FlashKV.Workloads.Workers;

namespace FlashKV.Workloads.Stores;

/// <summary>
/// Buckets of one cache line, with eight words of a tag and the place of a record; what does not
/// fit stands in the next bucket. The records lie shuffled. Both are in memory for which huge pages
/// were asked.
/// </summary>
internal sealed unsafe class LineMemory : IStore
{
    public const int LineBytes = 64;
    public const int HeaderBytes = 24;

    private const int WordsPerLine = 8;
    private const int KeysPerLine = 6;
    private const int PlaceBits = 42;
    private const ulong PlaceMask = (1UL << PlaceBits) - 1;
    private const ulong InUse = 1; // places are multiples of 8

    private readonly ulong _lineCount;
    private readonly ulong* _lines;
    private readonly byte* _records;

    public LineMemory(StoreSetup setup)
    {
        KeyBytes = setup.KeyBytes;
        ValueBytes = setup.ValueBytes;
        RecordBytes = (HeaderBytes + setup.KeyBytes + setup.ValueBytes + 7) & ~7;
        _lineCount = (ulong)(setup.Keys / KeysPerLine) + 1;
        _lines = (ulong*)HugeMemory.Map((long)_lineCount * LineBytes);
        _records = (byte*)HugeMemory.Map(setup.Keys * RecordBytes);
        Fill(setup.Keys);
    }

    public string Settings =>
        $"a hash index of cache lines for {KeysPerLine} keys each, records of {RecordBytes} bytes "
        + "shuffled, huge pages asked for";

    public bool IsOrdered => false;

    public int ValueBytes { get; }

    public int KeyBytes { get; }

    public int RecordBytes { get; }

    public IStoreSession OpenSession() => new LineSession(this);

    public static ulong HashOf(ReadOnlySpan<byte> key) =>
        Payload.Mix(BinaryPrimitives.ReadUInt64LittleEndian(key));

    // SAFETY: below the number of lines; the multiplication maps 2^64 hashes to those.
    public ulong* LineOf(ulong hash) =>
        _lines + (WordsPerLine * Math.BigMul(hash, _lineCount, out _));

    /// <summary>The first record with the tag of a key that is there.</summary>
    /// <param name="line">What <see cref="LineOf"/> gave.</param>
    /// <param name="hash">The hash of the key.</param>
    /// <param name="passed">How many with that tag to pass by.</param>
    public byte* Find(ulong* line, ulong hash, int passed = 0)
    {
        Vector512<ulong> tag = Vector512.Create(hash << PlaceBits);
        while (true)
        {
            // SAFETY: lines are aligned, and a key that is there ends the search.
            ulong found = Vector512.Equals(
                Vector512.Load(line) & Vector512.Create(~PlaceMask), tag)
                .ExtractMostSignificantBits();
            for (; found != 0; found &= found - 1)
            {
                ulong word = line[BitOperations.TrailingZeroCount(found)];
                if ((word & InUse) != 0 && passed-- == 0)
                {
                    return _records + (word & PlaceMask & ~InUse);
                }
            }

            line = Next(line);
        }
    }

    public void Flush()
    {
    }

    public void Settle()
    {
    }

    public void Dispose()
    {
        HugeMemory.Unmap(_lines);
        HugeMemory.Unmap(_records);
    }

    private ulong* Next(ulong* line) =>
        line + WordsPerLine == _lines + (WordsPerLine * _lineCount) ? _lines : line + WordsPerLine;

    private void Fill(long keys)
    {
        long[] places = new long[keys];
        var random = new Random(1);
        for (long i = 0; i < keys; i++)
        {
            long other = random.NextInt64(i + 1);
            places[i] = places[other];
            places[other] = i * RecordBytes;
        }

        byte[] key = new byte[KeyBytes];
        for (long i = 0; i < keys; i++)
        {
            Payload.WriteKey(key, i);
            key.CopyTo(new Span<byte>(_records + places[i] + HeaderBytes, KeyBytes));
            Insert(HashOf(key), (ulong)places[i]);
        }
    }

    private void Insert(ulong hash, ulong place)
    {
        ulong* line = LineOf(hash);
        while (true)
        {
            for (int word = 0; word < WordsPerLine; word++)
            {
                if (line[word] == 0)
                {
                    line[word] = (hash << PlaceBits) | place | InUse;
                    return;
                }
            }

            line = Next(line);
        }
    }
}
