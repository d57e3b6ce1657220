namespace FlashKV.Log;

/// <summary>
/// The free slots of a shard. A slot is *prepared* once its blocks were written, so that the medium
/// has room for it and overwriting it is fast; only prepared slots are given out, and some of them
/// are kept back, so that deletes, compaction and closing work on a full device.
/// </summary>
internal sealed class SegmentAllocator(SegmentTable segments)
{
    /// <summary>Prepared slots that puts leave to deletes and to compaction.</summary>
    public const int ReservedForDeletes = 3;

    /// <summary>Prepared slots that deletes leave to compaction.</summary>
    public const int ReservedForCompaction = 2;

    /// <summary>Prepared slots that background work keeps ready.</summary>
    public const int PreparedTarget = ReservedForDeletes + 3;

    private readonly Lock _lock = new();
    private readonly Queue<int> _prepared = new();
    private readonly SortedSet<int> _blank = [];
    private long _nextSegmentId = 1;

    /// <summary>The id that the next segment gets.</summary>
    public long NextSegmentId => Volatile.Read(ref _nextSegmentId);

    public int PreparedCount
    {
        get
        {
            lock (_lock)
            {
                return _prepared.Count;
            }
        }
    }

    /// <summary>Free slots, prepared or not.</summary>
    public int FreeCount
    {
        get
        {
            lock (_lock)
            {
                return _prepared.Count + _blank.Count;
            }
        }
    }

    /// <summary>
    /// Makes a new segment in a prepared slot, and leaves <paramref name="reserve"/>.
    /// </summary>
    /// <returns>null if there is no slot.</returns>
    public Segment? TryCreate(
        int reserve, StoreId store, int shard, SegmentKind kind, ulong firstSequence)
    {
        lock (_lock)
        {
            if (_prepared.Count <= reserve)
            {
                return null;
            }

            int slot = _prepared.Dequeue();
            var segment = new Segment(
                new SegmentHeader(store, shard, slot, kind, _nextSegmentId, firstSequence));
            Volatile.Write(ref _nextSegmentId, _nextSegmentId + 1);
            segments.Set(slot, segment);
            return segment;
        }
    }

    /// <summary>Takes a blank slot, to prepare it.</summary>
    public bool TryTakeBlank(out int slot)
    {
        lock (_lock)
        {
            slot = _blank.Min;
            return _blank.Remove(slot);
        }
    }

    public void AddBlank(int slot)
    {
        lock (_lock)
        {
            _blank.Add(slot);
        }
    }

    public void AddPrepared(int slot)
    {
        lock (_lock)
        {
            _prepared.Enqueue(slot);
        }
    }

    /// <summary>Ends the life of a segment; its slot stays prepared.</summary>
    public void Free(Segment segment)
    {
        lock (_lock)
        {
            segment.State = SegmentState.Freed;
            segments.Set(segment.Slot, null);
            _prepared.Enqueue(segment.Slot);
        }
    }

    /// <summary>
    /// Ends the life of a segment whose records are elsewhere; its slot is the caller's until it is
    /// added again.
    /// </summary>
    /// <returns>false if a reader has pinned it.</returns>
    public bool TryRetire(Segment segment)
    {
        lock (_lock)
        {
            if (segment.Pins != 0)
            {
                return false;
            }

            segment.State = SegmentState.Freed;
            segments.Set(segment.Slot, null);
            return true;
        }
    }

    /// <summary>Holds the segments in use that a predicate accepts.</summary>
    public List<Segment> Hold(Predicate<Segment> isWanted)
    {
        lock (_lock)
        {
            List<Segment> held = segments.InUse().FindAll(isWanted);
            held.ForEach(static segment => segment.Hold());
            return held;
        }
    }

    /// <summary>Takes up a segment that an earlier process left.</summary>
    public void Adopt(Segment segment)
    {
        lock (_lock)
        {
            segments.Set(segment.Slot, segment);
            _nextSegmentId = Math.Max(_nextSegmentId, segment.Id + 1);
        }
    }

    /// <summary>Segment ids up to the given one have been used.</summary>
    public void SkipIds(long through)
    {
        lock (_lock)
        {
            _nextSegmentId = Math.Max(_nextSegmentId, through + 1);
        }
    }

    /// <summary>Adds the slots of a new chunk.</summary>
    public void AddChunk(int slotsPerChunk)
    {
        lock (_lock)
        {
            int first = segments.Length;
            segments.Grow(first + slotsPerChunk);
            for (int slot = first; slot < first + slotsPerChunk; slot++)
            {
                _blank.Add(slot);
            }
        }
    }

    /// <summary>Takes a slot that turned out to be in use out of the blank ones.</summary>
    public void RemoveBlank(int slot)
    {
        lock (_lock)
        {
            _blank.Remove(slot);
        }
    }
}
