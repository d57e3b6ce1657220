using System.Runtime.CompilerServices;
using FlashKV.Index;
using FlashKV.Log;
using FlashKV.Memory;
using FlashKV.Superpipe;

namespace FlashKV.Shards;

/// <summary>
/// The parts of a get, for a reader of many keys. The caller is inside an operation.
/// </summary>
internal sealed partial class Shard
{
    private const int PrefetchedTooMuch = 64;

    /// <summary>
    /// Guesses from one cache line where the record of a key lies, and asks for its bytes, or for
    /// what <see cref="ForeseeAgain"/> looks at.
    /// </summary>
    /// <param name="line">What <see cref="HashIndex.LineOf"/> gave.</param>
    /// <param name="hash">The hash of the key.</param>
    /// <param name="wanted">Gets the cache lines.</param>
    /// <returns>What holds the record if the guess is right; else empty.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public NativeRegion Foresee(nint line, ulong hash, PrefetchList wanted)
    {
        LineGuess guess = Index.Peek(line, hash, out IndexEntry entry, out nint block);
        if (guess == LineGuess.Found)
        {
            return Foresee(entry, wanted);
        }

        if (guess == LineGuess.ProbeLater)
        {
            wanted.Add(block);
        }

        return default;
    }

    /// <summary>The same by a probe, for a hash whose entries are in a loaded block.</summary>
    public NativeRegion ForeseeAgain(ulong hash, PrefetchList wanted) =>
        Index.Probe(hash).Next(out IndexEntry entry) ? Foresee(entry, wanted) : default;

    /// <summary>Finds the newest record of a key as far as that goes without the device.</summary>
    /// <param name="hash">The hash of the key.</param>
    /// <param name="key">The key.</param>
    /// <param name="record">The record, if it was found.</param>
    /// <param name="onDevice">The entry to read, if one is only on the device.</param>
    public FindResult TryFindInMemory(
        ulong hash, ReadOnlySpan<byte> key, out RecordView record, out IndexEntry onDevice)
    {
        while (true)
        {
            BucketProbe probe = Index.Probe(hash);
            while (probe.Next(out onDevice))
            {
                if (!TryOpenInMemory(onDevice, out record))
                {
                    return FindResult.OnDevice;
                }

                if (record.Key.SequenceEqual(key))
                {
                    return FindResult.Found;
                }
            }

            if (probe.IsComplete())
            {
                record = default;
                return FindResult.Absent;
            }
        }
    }

    /// <summary>Prepares reading the record of an entry from the device.</summary>
    /// <returns>The buffer of the transfer.</returns>
    public PooledBuffer BeginRead(IndexEntry entry, out BlockTransfer transfer) =>
        Log.Reader.BeginRead(
            SegmentOf(entry.Address),
            _geometry.OffsetOf(entry.Address),
            SizeClass.MaxLengthOf(entry.SizeClass),
            out transfer);

    /// <summary>Checks the record that the transfer has brought.</summary>
    /// <exception cref="CorruptStoreException">It is damaged.</exception>
    public RecordView EndRead(IndexEntry entry, PooledBuffer buffer)
    {
        Segment segment = SegmentOf(entry.Address);
        int offset = _geometry.OffsetOf(entry.Address);
        RecordView record = Log.Reader.EndRead(
            segment, offset, SizeClass.MaxLengthOf(entry.SizeClass), buffer);
        _store.Records.Add(Number, segment, offset, record.Bytes);
        return record;
    }

    /// <summary>Loads the segment of an entry into the cache, if there is room.</summary>
    public void Cache(IndexEntry entry) => Log.Reader.TryCache(SegmentOf(entry.Address));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private NativeRegion Foresee(IndexEntry entry)
    {
        NativeRegion bytes = BytesOf(entry);
        if (!bytes.IsEmpty)
        {
            bytes.Prefetch(PrefetchBytesOf(entry));
        }

        return bytes;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private NativeRegion Foresee(IndexEntry entry, PrefetchList wanted)
    {
        NativeRegion bytes = BytesOf(entry);
        if (!bytes.IsEmpty)
        {
            wanted.Add(bytes, PrefetchBytesOf(entry));
        }

        return bytes;
    }

    private bool TryOpenInMemory(IndexEntry entry, out RecordView record)
    {
        record = default;
        NativeRegion bytes = BytesOf(entry);
        return !bytes.IsEmpty && RecordView.TryParse(bytes.Span(0, bytes.Length), out record);
    }

    /// <summary>
    /// What holds the record of an entry, at least a header; empty if it is only on the device.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private NativeRegion BytesOf(IndexEntry entry)
    {
        int slot = _geometry.SlotOf(entry.Address);
        nint image = Log.Segments.ImageOf(slot);
        int offset = _geometry.OffsetOf(entry.Address);
        int rest = _geometry.SegmentBytes - offset;
        if (image == 0 || rest < RecordFormat.HeaderBytes)
        {
            return CachedBytesOf(slot, offset);
        }

        return new NativeRegion(image + offset, rest);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private NativeRegion CachedBytesOf(int slot, int offset) =>
        Log.Segments.Find(slot) is { } segment
            && _store.Records.TryFind(Number, segment, offset, out NativeRegion bytes)
                ? bytes
                : default;

    // A record is shorter than its class allows, and rarely begins a line.
    private static int PrefetchBytesOf(IndexEntry entry) =>
        SizeClass.MaxLengthOf(entry.SizeClass) - PrefetchedTooMuch;
}
