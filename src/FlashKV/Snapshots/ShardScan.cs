using FlashKV.Log;
using FlashKV.Memory;
using FlashKV.Shards;

namespace FlashKV.Snapshots;

/// <summary>
/// Reads the keys of a shard's cut, in the order of the log: segment after segment in large reads,
/// each record once. One thread, which reads a segment's records while the next segment is loaded,
/// and asks for the index's lines of some records before it looks at the first of them.
/// </summary>
internal sealed class ShardScan : IDisposable
{
    private const int Foreseen = 16;

    private readonly StoreCut _store;
    private readonly ShardCut _cut;
    private readonly StoreContext _context;
    private readonly SegmentLoader _loader;
    private readonly ForeseenRecord[] _records = new ForeseenRecord[Foreseen];
    private int _first;
    private int _count;
    private LoadedSegment _current;
    private int _offset;
    private int _end;
    private ForeseenRecord _record;

    public ShardScan(StoreCut store, ShardCut cut, StoreContext context)
    {
        _store = store;
        _cut = cut;
        _context = context;
        _loader = new SegmentLoader(store, cut, context);
    }

    /// <summary>The record that the scan stands on; valid until it moves.</summary>
    public RecordView Current =>
        _record.Size != 0 && RecordView.TryParse(
            _current.Image.Span(_record.Offset, _record.Size), out RecordView record)
            ? record
            : throw new InvalidOperationException("The scan does not stand on a record.");

    /// <summary>Goes on to the next key.</summary>
    /// <exception cref="CorruptStoreException">A record is damaged.</exception>
    /// <exception cref="SnapshotExpiredException">The cut was given up.</exception>
    public bool MoveNext()
    {
        while (true)
        {
            Foresee();
            if (_count == 0)
            {
                if (!OpenNext())
                {
                    _record = default;
                    return false;
                }

                continue;
            }

            _record = _records[_first % Foreseen];
            _first++;
            _count--;
            if (IsCurrent(_record))
            {
                return true;
            }
        }
    }

    public void Dispose() => _loader.Dispose();

    private bool OpenNext()
    {
        if (!_loader.TryLoadNext(out _current))
        {
            return false;
        }

        _offset = _context.Geometry.DataOffsetOf(_current.Segment.Slot);
        _end = _current.IsSealed
            ? _current.Segment.Footer.DataEnd : _context.Geometry.SegmentBytes;
        return true;
    }

    private void Foresee()
    {
        while (_count < Foreseen && _offset < _end)
        {
            try
            {
                Step();
            }
            catch (CorruptStoreException) when (_count > 0)
            {
                // What stands before it first; then it is met again.
                return;
            }
        }
    }

    /// <summary>Steps over one record, and notes it if it may be one of the scan's.</summary>
    private void Step()
    {
        ReadOnlySpan<byte> rest = _current.Image.Span(_offset, _end - _offset);
        if (_current.IsSealed)
        {
            _cut.Shard.Log.Reader.Check(_current.Segment, _offset, rest);
        }

        if (!RecordView.TryParse(rest, out RecordView record))
        {
            // The end of what was appended to a staged segment.
            _offset = _end;
            return;
        }

        if (record.State == RecordState.Committed
            && (record.Flags & (RecordFlags.Tombstone | RecordFlags.BatchCommit)) == 0
            && record.Sequence <= _cut.Sequence)
        {
            ulong hash = _context.Hasher.Hash(record.Key);
            _cut.Shard.Index.Prefetch(hash);
            _records[(_first + _count++) % Foreseen] = new(_offset, record.Size, hash);
        }

        _offset += record.Size;
    }

    private bool IsCurrent(in ForeseenRecord record)
    {
        using Epoch.Operation operation = Epoch.Enter();
        _store.ThrowIfEnded(_cut);
        return _cut.IsCurrent(
            record.Hash, _context.Geometry.PositionOf(_current.Segment.Slot, record.Offset));
    }

    private readonly record struct ForeseenRecord(int Offset, int Size, ulong Hash);
}
