using FlashKV.Log;
using FlashKV.Memory;
using FlashKV.Shards;

namespace FlashKV.Snapshots;

/// <summary>
/// Reads the keys of a shard as they were when it began, in the order of the log: segment after
/// segment in large reads, each record once. Writers and compaction go on; they note what they take
/// away from under the scan, and the segments it needs are pinned. One thread.
/// </summary>
internal sealed class ShardScan : IDisposable
{
    private readonly Shard _shard;
    private readonly StoreContext _store;
    private readonly ScanCut _changes = new();
    private readonly Queue<Segment> _segments;
    private readonly PooledBuffer _buffer;
    private readonly ulong _cut;
    private Segment? _current;
    private bool _isSealed;
    private int _offset;
    private int _end;
    private int _recordOffset;
    private int _recordSize;

    public ShardScan(Shard shard, StoreContext store)
    {
        _shard = shard;
        _store = store;
        _buffer = store.Buffers.Rent(store.Geometry.SegmentBytes);
        lock (shard.Compactor.Gate)
        {
            // After the first wait every writer notes what it supersedes; after the second every
            // record up to the cut is in the index.
            shard.Scans.Add(_changes);
            Epoch.WaitForQuiescence();
            _cut = shard.Log.NextSequence - 1;
            Epoch.WaitForQuiescence();
            _segments = new Queue<Segment>(shard.Log.Allocator.PinAll());
        }
    }

    /// <summary>The record that the scan stands on; valid until it moves.</summary>
    public RecordView Current =>
        RecordView.TryParse(_buffer.Span(_recordOffset, _recordSize), out RecordView record)
            ? record
            : throw new InvalidOperationException("The scan does not stand on a record.");

    /// <summary>Goes on to the next key.</summary>
    /// <exception cref="CorruptStoreException">A record is damaged.</exception>
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

    public void Dispose()
    {
        _shard.Scans.Remove(_changes);
        _current?.Unpin();
        _current = null;
        while (_segments.TryDequeue(out Segment? segment))
        {
            segment.Unpin();
        }

        _buffer.Dispose();
    }

    private bool OpenNext()
    {
        _current?.Unpin();
        if (!_segments.TryDequeue(out _current))
        {
            return false;
        }

        // The checksums of a staged segment are set one by one, so they are not looked at.
        _isSealed = _current.State != SegmentState.Staged;
        _shard.Log.Reader.ReadSlot(_current, _buffer.Region.Slice(0, _store.Geometry.SegmentBytes));
        _offset = _store.Geometry.DataOffsetOf(_current.Slot);
        _end = _isSealed ? _current.Footer.DataEnd : _store.Geometry.SegmentBytes;
        return true;
    }

    /// <summary>Steps over one record; says whether it is one of the scan's.</summary>
    private bool MoveInSegment()
    {
        Segment segment = _current!;
        ReadOnlySpan<byte> rest = _buffer.Span(_offset, _end - _offset);
        if (_isSealed)
        {
            _shard.Log.Reader.Check(segment, _offset, rest);
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
            && record.Sequence <= _cut
            && IsCurrent(record, _store.Geometry.PositionOf(segment.Slot, _recordOffset));
    }

    private bool IsCurrent(in RecordView record, long address)
    {
        if (_changes.IsCopy(address))
        {
            return false;
        }

        using Epoch.Operation operation = Epoch.Enter();
        return _shard.IsIndexed(_store.Hasher.Hash(record.Key), address)
            || _changes.WasCurrentAt(address, _cut);
    }
}
