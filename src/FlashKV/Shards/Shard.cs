using System.Runtime.CompilerServices;
using FlashKV.Compaction;
using FlashKV.Index;
using FlashKV.Log;
using FlashKV.Memory;
using FlashKV.Snapshots;
using FlashKV.Superpipe;

namespace FlashKV.Shards;

/// <summary>
/// The keys of one part of the hash space: an index in memory over a log on a LUN of its own. Any
/// thread may call anything here.
/// </summary>
internal sealed partial class Shard : IDisposable
{
    private readonly StoreContext _store;
    private readonly LogGeometry _geometry;

    public Shard(int number, StoreContext store, Lun lun, IChunkSource chunks, StagingSlot[] slots)
    {
        Number = number;
        _store = store;
        _geometry = store.Geometry;
        Index = new HashIndex(store.Memory);
        Log = new ShardLog(number, store, lun, chunks, slots);
        Compactor = new ShardCompactor(this, store);
        Log.Reclaim = Compactor.TryReclaim;
    }

    public int Number { get; }

    public HashIndex Index { get; }

    public ShardLog Log { get; }

    public ShardCompactor Compactor { get; }

    /// <summary>The cuts that snapshots have of the shard.</summary>
    public ShardCuts Cuts { get; } = new();

    public void Dispose() => Index.Dispose();

    /// <summary>
    /// Finds the newest record of a key. The caller is inside an operation and disposes what is
    /// found.
    /// </summary>
    /// <exception cref="CorruptStoreException">
    /// A record with the hash of the key is damaged.
    /// </exception>
    public bool TryFind(ulong hash, ReadOnlySpan<byte> key, out FoundRecord found)
    {
        while (true)
        {
            BucketProbe probe = Index.Probe(hash);
            while (probe.Next(out IndexEntry entry))
            {
                found = Open(entry);
                if (found.Record.Key.SequenceEqual(key))
                {
                    return true;
                }

                found.Dispose();
            }

            if (probe.IsComplete())
            {
                found = default;
                return false;
            }
        }
    }

    /// <summary>
    /// Finds the value of a key if its record is in memory and nothing is in the way: what most
    /// gets need, in as few instructions as possible. The caller is inside an operation.
    /// </summary>
    /// <param name="hash">The hash of the key.</param>
    /// <param name="key">The key.</param>
    /// <param name="value">The value, valid inside the operation.</param>
    /// <returns>What was found; if it is not clear, <see cref="TryFind"/> must tell.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public FindResult FindNear(ulong hash, ReadOnlySpan<byte> key, out ReadOnlySpan<byte> value)
    {
        LineGuess guess = Index.Guess(hash, out IndexEntry entry);
        if (guess == LineGuess.Found)
        {
            NativeRegion bytes = Foresee(entry);
            if (!bytes.IsEmpty && RecordView.TryGetValue(bytes, key, out value))
            {
                return FindResult.Found;
            }
        }

        value = default;
        return guess == LineGuess.Absent ? FindResult.Absent : FindResult.Unclear;
    }

    /// <summary>Whether the index points to a record at an address.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool IsIndexed(ulong hash, long address) =>
        (Index.Peek(hash, out IndexEntry first) == LineGuess.Found && first.Address == address)
        || IsIndexedBehind(hash, address);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private bool IsIndexedBehind(ulong hash, long address)
    {
        while (true)
        {
            BucketProbe probe = Index.Probe(hash);
            while (probe.Next(out IndexEntry entry))
            {
                if (entry.Address == address)
                {
                    return true;
                }
            }

            if (probe.IsComplete())
            {
                return false;
            }
        }
    }

    /// <summary>Whether a key is in its latched bucket.</summary>
    public bool ContainsLatched(ref BucketWriter bucket, ReadOnlySpan<byte> key)
    {
        while (bucket.Next(out IndexEntry entry))
        {
            using FoundRecord found = Open(entry);
            if (found.Record.Key.SequenceEqual(key))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>
    /// Gives the record that an index entry points to. The caller is inside the operation in which
    /// it got the entry, so the segment is still there.
    /// </summary>
    public FoundRecord Open(IndexEntry entry)
    {
        Segment segment = SegmentOf(entry.Address);
        int offset = _geometry.OffsetOf(entry.Address);
        int bound = SizeClass.MaxLengthOf(entry.SizeClass);
        nint image = segment.Image;
        if (image == 0 && Log.Reader.TryCache(segment))
        {
            image = segment.Image;
        }

        if (image != 0)
        {
            return OpenInMemory(segment, image, offset, bound);
        }

        return _store.Records.TryFind(Number, segment, offset, out NativeRegion bytes)
            && RecordView.TryParse(bytes.Span(0, bytes.Length), out RecordView record)
                ? new FoundRecord(record, default)
                : OpenOnDevice(segment, offset, bound);
    }

    /// <summary>The segment that holds the record at an address of the index.</summary>
    public Segment SegmentOf(long address) =>
        Log.Segments.Find(_geometry.SlotOf(address))
        ?? throw new InvalidOperationException(
            $"Shard {Number} has an index entry for {address}, where no segment is.");

    private FoundRecord OpenInMemory(Segment segment, nint image, int offset, int bound)
    {
        var bytes = new NativeRegion(
            image + offset, Math.Min(bound, _geometry.SegmentBytes - offset));

        // Its length, which the first line tells, would else come before the value begins to load.
        bytes.Prefetch(bound - PrefetchedTooMuch);
        return RecordView.TryParse(bytes.Span(0, bytes.Length), out RecordView record)
            ? new FoundRecord(record, default)
            : OpenOnDevice(segment, offset, bound);
    }

    private FoundRecord OpenOnDevice(Segment segment, int offset, int bound)
    {
        PooledBuffer buffer = Log.Reader.ReadRecord(
            segment, offset, bound, out RecordView record);
        _store.Records.Add(Number, segment, offset, record.Bytes);

        // The buffer begins with the block in which the record begins.
        return new FoundRecord(record, buffer, offset % LogGeometry.BlockBytes);
    }
}
