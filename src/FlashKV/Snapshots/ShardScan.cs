using FlashKV.Log;
using FlashKV.Memory;
using FlashKV.Shards;

namespace FlashKV.Snapshots;

/// <summary>
/// Reads the keys of a shard's cut, in the order of the log: segment after segment in large reads,
/// each record once. One thread.
/// </summary>
internal sealed class ShardScan : IDisposable
{
    private readonly StoreCut _store;
    private readonly ShardCut _cut;
    private readonly StoreContext _context;
    private readonly PooledBuffer _buffer;
    private int _next;
    private Segment? _current;
    private bool _isSealed;
    private int _offset;
    private int _end;
    private int _recordOffset;
    private int _recordSize;

    public ShardScan(StoreCut store, ShardCut cut, StoreContext context)
    {
        _store = store;
        _cut = cut;
        _context = context;
        _buffer = context.Buffers.Rent(context.Geometry.SegmentBytes);
    }

    /// <summary>The record that the scan stands on; valid until it moves.</summary>
    public RecordView Current =>
        RecordView.TryParse(_buffer.Span(_recordOffset, _recordSize), out RecordView record)
            ? record
            : throw new InvalidOperationException("The scan does not stand on a record.");

    /// <summary>Goes on to the next key.</summary>
    /// <exception cref="CorruptStoreException">A record is damaged.</exception>
    /// <exception cref="SnapshotExpiredException">The cut was given up.</exception>
    public bool MoveNext()
    {
        while (true)
        {
            while (_offset < _end)
            {
                if (MoveInSegment())
                {
                    return true;
                }
            }

            if (!OpenNext())
            {
                return false;
            }
        }
    }

    public void Dispose() => _buffer.Dispose();

    private bool OpenNext()
    {
        using Epoch.Operation operation = Epoch.Enter();
        _store.ThrowIfEnded(_cut);
        if (_next == _cut.Segments.Count)
        {
            return false;
        }

        _current = _cut.Segments[_next++];

        // The checksums of a staged segment are set one by one, so they are not looked at.
        _isSealed = _current.State != SegmentState.Staged;
        _cut.Shard.Log.Reader.ReadSlot(
            _current, _buffer.Region.Slice(0, _context.Geometry.SegmentBytes));
        _offset = _context.Geometry.DataOffsetOf(_current.Slot);
        _end = _isSealed ? _current.Footer.DataEnd : _context.Geometry.SegmentBytes;
        return true;
    }

    /// <summary>Steps over one record; says whether it is one of the scan's.</summary>
    private bool MoveInSegment()
    {
        Segment segment = _current!;
        ReadOnlySpan<byte> rest = _buffer.Span(_offset, _end - _offset);
        if (_isSealed)
        {
            _cut.Shard.Log.Reader.Check(segment, _offset, rest);
        }

        if (!RecordView.TryParse(rest, out RecordView record))
        {
            // The end of what was appended to a staged segment.
            _offset = _end;
            return false;
        }

        _recordOffset = _offset;
        _recordSize = record.Size;
        _offset += record.Size;
        return record.State == RecordState.Committed
            && (record.Flags & (RecordFlags.Tombstone | RecordFlags.BatchCommit)) == 0
            && record.Sequence <= _cut.Sequence
            && IsCurrent(record, _context.Geometry.PositionOf(segment.Slot, _recordOffset));
    }

    private bool IsCurrent(in RecordView record, long address)
    {
        using Epoch.Operation operation = Epoch.Enter();
        _store.ThrowIfEnded(_cut);
        return _cut.IsCurrent(_context.Hasher.Hash(record.Key), address);
    }
}
