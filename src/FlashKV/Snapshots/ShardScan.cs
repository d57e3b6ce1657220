using System.Runtime.CompilerServices;
using FlashKV.Log;
using FlashKV.Memory;
using FlashKV.Shards;

namespace FlashKV.Snapshots;

/// <summary>
/// Reads the keys of a shard's cut, in the order of the log: segment after segment in large reads,
/// each record once. One thread, which reads a segment's records while the next ones are loaded. It
/// takes some records at a time, so that the index's lines of all of them load at once while their
/// checksums are checked. A segment with nothing dead in it needs no look at the index.
/// </summary>
/// <remarks>
/// A scan is long and often the first in its process, so what it does for each record is compiled
/// at once at the highest tier.
/// </remarks>
internal sealed class ShardScan : IDisposable
{
    private const int BatchLength = 32;

    private readonly StoreCut _store;
    private readonly ShardCut _cut;
    private readonly StoreContext _context;
    private readonly SegmentLoader _loader;
    private readonly ScannedRecord[] _batch = new ScannedRecord[BatchLength];
    private readonly PrefetchList _wanted = new(BatchLength);
    private int _next;
    private int _count;
    private LoadedSegment _current;
    private int _offset;
    private int _end;
    private ScannedRecord _record;

    public ShardScan(StoreCut store, ShardCut cut, StoreContext context)
    {
        _store = store;
        _cut = cut;
        _context = context;
        _loader = new SegmentLoader(store, cut, context);
    }

    /// <summary>The record that the scan stands on; valid until it moves.</summary>
    public RecordView Current
    {
        [MethodImpl(MethodImplOptions.AggressiveOptimization)]
        get => _record.Size != 0 && RecordView.TryParse(
            _current.Image.Span(_record.Offset, _record.Size), out RecordView record)
                ? record
                : throw new InvalidOperationException("The scan does not stand on a record.");
    }

    /// <summary>Goes on to the next key.</summary>
    /// <exception cref="CorruptStoreException">A record is damaged.</exception>
    /// <exception cref="SnapshotExpiredException">The cut was given up.</exception>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public bool MoveNext()
    {
        while (_next == _count)
        {
            if (_offset == _end && !OpenNext())
            {
                _record = default;
                return false;
            }

            TakeBatch();
        }

        // What the batch holds was the cut's; whoever ends the cut wants to see that all the same.
        _store.ThrowIfEnded(_cut);
        _record = _batch[_next++];
        return true;
    }

    public void Dispose() => _loader.Dispose();

    private bool OpenNext()
    {
        if (!_loader.TryOpenNext(out _current))
        {
            return false;
        }

        _offset = _context.Geometry.DataOffsetOf(_current.Segment.Slot);
        _end = _current.End;
        return true;
    }

    private void TakeBatch()
    {
        _next = 0;
        _count = 0;
        _loader.Release(_offset);
        int count = Walk();
        while (count == 0 && _loader.LoadedEnd < _end)
        {
            _loader.LoadMore();
            count = Walk();
        }

        if (_current.IsSealed)
        {
            count = CountWhole(count);
        }

        if (count != 0)
        {
            _offset = _batch[count - 1].End;
            _count = KeepCurrent(count);
        }
        else if (_current.IsSealed)
        {
            // Says what is wrong with the first one.
            _ = _cut.Shard.Log.Reader.Check(
                _current.Segment, _offset, _current.Image.Span(_offset, _end - _offset));
        }
        else
        {
            // The end of what was appended to a staged segment.
            _offset = _end;
        }
    }

    /// <summary>
    /// Steps over some records that are loaded, none of which was checked, and begins to load the
    /// lines of those that may be the cut's.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private int Walk()
    {
        using Epoch.Operation operation = Epoch.Enter();
        _store.ThrowIfEnded(_cut);
        int offset = _offset;
        int count = 0;
        int end = _loader.LoadedEnd;
        while (count < BatchLength && offset < end
            && RecordView.TryParse(
                _current.Image.Span(offset, end - offset), out RecordView record))
        {
            bool isCandidate = record.State == RecordState.Committed
                && (record.Flags & (RecordFlags.Tombstone | RecordFlags.BatchCommit)) == 0
                && record.Sequence <= _cut.Sequence;
            ulong hash = 0;
            if (isCandidate && !_current.IsAllLive)
            {
                hash = _context.Hasher.Hash(record.Key);
                _wanted.Add(_cut.Shard.Index.LineOf(hash));
            }

            _batch[count++] = new(offset, record.Size, isCandidate, hash);
            offset += record.Size;
        }

        _wanted.Prefetch();
        return count;
    }

    private int CountWhole(int count) =>
        SegmentReader.CountWhole(
            _current.Segment, _current.Image.Span(_offset, _end - _offset), _offset, count);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private int KeepCurrent(int count)
    {
        using Epoch.Operation operation = Epoch.Enter();
        _store.ThrowIfEnded(_cut);
        int kept = 0;
        for (int i = 0; i < count; i++)
        {
            ScannedRecord record = _batch[i];
            if (record.IsCandidate && (_current.IsAllLive || IsCurrent(record)))
            {
                _batch[kept++] = record;
            }
        }

        return kept;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool IsCurrent(in ScannedRecord record) => _cut.IsCurrent(
        record.Hash, _context.Geometry.PositionOf(_current.Segment.Slot, record.Offset));

    private readonly record struct ScannedRecord(
        int Offset, int Size, bool IsCandidate, ulong Hash)
    {
        public int End => Offset + Size;
    }
}
