using System.Diagnostics;
using FlashKV.Log;

namespace FlashKV.Memory;

/// <summary>
/// Keeps records that were read from the device, and those longest that are read again: what comes
/// in passes through a short queue, from which only what was asked for meanwhile goes on into a long
/// one; and from that what was asked for since goes round again. So a pass over all records drives
/// out little. What comes back soon after it was let go enters the long queue at once.
/// </summary>
/// <remarks>
/// <para>
/// Records are named by segment and offset, and a segment's id is never used again, so nothing has
/// to be taken out when a segment is freed. Readers take no lock; they are inside an operation, and
/// a frame is used again only when every operation that may have seen its records has ended. One
/// thread at a time adds; who finds another at it leaves it.
/// </para>
/// <para>
/// Memory comes from the segments in the cache, the oldest first, and only while records are read
/// from the device; see <see cref="SegmentCache.TryLend"/>.
/// </para>
/// </remarks>
internal sealed class RecordCache
{
    /// <summary>The length of a frame.</summary>
    public const int FrameBytes = 256 << 10;

    /// <summary>The largest record that is kept.</summary>
    public const int MaxRecordBytes = FrameBytes / 16;

    // Before each record: id of the segment, shard and offset, size, how often it was asked for.
    private const int NameOffset = sizeof(long);
    private const int SizeOffset = NameOffset + sizeof(uint);
    private const int HitsOffset = SizeOffset + sizeof(ushort);
    private const int HeaderBytes = 16;
    private const int Alignment = 16;
    private const int OffsetBits = 24;
    private const byte MaxHits = 3;

    private const int PlacesPerFrame = FrameBytes / Alignment;
    private const int SpareFrames = 3;
    private const int SpareForMoves = 1; // what goes on into the long queue needs a frame first
    private const int ShortShare = 10; // one in so many frames
    private const int BytesPerRecord = 128; // about the least that there are

    // What goes round in the long queue must leave room for what is new.
    private const int MaxRoundBytes = FrameBytes / 8 * 7;

    private readonly UnmanagedMemory _memory;
    private readonly SegmentCache _segments;
    private readonly Lock _lock = new();
    private readonly RecordFrames _short = new();
    private readonly RecordFrames _long = new();
    private readonly Stack<int> _spare = new();
    private readonly List<int> _leaving = [];
    private readonly List<MemoryBlock> _blocks = [];
    private NativeRegion[] _frames = [];
    private int[] _used = [];
    private RecordTable? _table;
    private int _frameCount;
    private long _leftAt;

    public RecordCache(UnmanagedMemory memory, SegmentCache segments)
    {
        _memory = memory;
        _segments = segments;
    }

    /// <summary>Finds a record. The caller is inside an operation.</summary>
    /// <param name="shard">The shard.</param>
    /// <param name="segment">The segment that holds it on the device.</param>
    /// <param name="offset">Its offset there.</param>
    /// <param name="record">Its bytes, valid inside the operation.</param>
    public bool TryFind(int shard, Segment segment, int offset, out NativeRegion record)
    {
        if (Volatile.Read(ref _table) is { } table)
        {
            uint name = NameOf(shard, offset);
            ulong hash = HashOf(segment.Id, name);
            int way = 0;
            long place;
            while ((place = table.Next(hash, ref way)) >= 0)
            {
                NativeRegion entry = EntryAt(place);
                if (entry.Word(0) == segment.Id && entry.HalfWord(NameOffset) == name)
                {
                    record = TakeNote(entry);
                    return true;
                }
            }
        }

        record = default;
        return false;
    }

    /// <summary>
    /// Keeps a record that was read from the device, if there is room and nobody is in the way.
    /// </summary>
    public void Add(int shard, Segment segment, int offset, ReadOnlySpan<byte> record)
    {
        if (record.Length > MaxRecordBytes || segment.State != SegmentState.Sealed
            || !_lock.TryEnter())
        {
            return;
        }

        try
        {
            if (HasTableUnsynchronized()
                && !TryFind(shard, segment, offset, out _))
            {
                AddUnsynchronized(segment.Id, NameOf(shard, offset), record);
            }
        }
        finally
        {
            _lock.Exit();
        }
    }

    /// <summary>
    /// Gives all memory but the table's back; waits for readers. The caller is not inside an
    /// operation.
    /// </summary>
    /// <returns>false if there was nothing to give.</returns>
    public bool TryGiveBack()
    {
        lock (_lock)
        {
            if (_blocks.Count == 0)
            {
                return false;
            }

            _table!.Clear();
            Epoch.WaitForQuiescence();
            foreach (MemoryBlock block in _blocks)
            {
                _memory.Free(block);
                _segments.TakeBack(block);
            }

            _blocks.Clear();
            _short.Clear();
            _long.Clear();
            _spare.Clear();
            _leaving.Clear();
            _frameCount = 0;
            return true;
        }
    }

    private static uint NameOf(int shard, int offset)
    {
        Debug.Assert(offset % RecordFormat.Alignment == 0 && offset >> OffsetBits == 0);
        return ((uint)shard << (OffsetBits - 3)) | ((uint)offset >> 3);
    }

    private static ulong HashOf(long segmentId, uint name)
    {
        ulong hash = ((ulong)segmentId * 0x9E37_79B9_7F4A_7C15) + name;
        hash = (hash ^ (hash >> 32)) * 0xD6E8_FEB8_6659_FD93;
        hash = (hash ^ (hash >> 32)) * 0xD6E8_FEB8_6659_FD93;
        return hash ^ (hash >> 32);
    }

    private static int SizeOf(NativeRegion entry) =>
        (ushort)entry.HalfWord(SizeOffset) * RecordFormat.Alignment;

    private static int EntryBytes(int size) =>
        (HeaderBytes + size + Alignment - 1) & -Alignment;

    // Readers that note it at once may lose a count, which does no harm.
    private static NativeRegion TakeNote(NativeRegion entry)
    {
        Span<byte> hits = entry.Span(HitsOffset, 1);
        if (hits[0] < MaxHits)
        {
            hits[0]++;
        }

        return entry.Slice(HeaderBytes, SizeOf(entry));
    }

    private NativeRegion EntryAt(long place)
    {
        NativeRegion frame = Volatile.Read(ref _frames)[place / PlacesPerFrame];
        int offset = (int)(place % PlacesPerFrame) * Alignment;
        return frame.Slice(offset, FrameBytes - offset);
    }

    private bool HasTableUnsynchronized()
    {
        if (_table is null && _segments.LendableBytes > 0)
        {
            Volatile.Write(
                ref _table,
                RecordTable.TryMake(_memory, _segments.LendableBytes / BytesPerRecord));
        }

        return _table is not null;
    }

    private void AddUnsynchronized(long segmentId, uint name, ReadOnlySpan<byte> record)
    {
        ulong hash = HashOf(segmentId, name);
        RecordFrames queue = _table!.TakeLetGo(hash) ? _long : _short;
        if (TryClaimUnsynchronized(queue, EntryBytes(record.Length), out long place))
        {
            NativeRegion entry = EntryAt(place);
            entry.Word(0) = segmentId;
            entry.HalfWord(NameOffset) = name;
            entry.HalfWord(SizeOffset) = (uint)record.Length / RecordFormat.Alignment;
            record.CopyTo(entry.Span(HeaderBytes, record.Length));
            _table.Add(hash, place);
        }
    }

    private bool TryClaimUnsynchronized(RecordFrames queue, int bytes, out long place)
    {
        if (!queue.TryClaim(bytes, out int frame, out int offset))
        {
            CollectUnsynchronized();
            if (_spare.Count <= SpareForMoves
                || !TryExtendUnsynchronized(queue)
                || !queue.TryClaim(bytes, out frame, out offset))
            {
                place = -1;
                PrepareUnsynchronized();
                return false;
            }

            PrepareUnsynchronized();
        }

        place = ((long)frame * PlacesPerFrame) + (offset / Alignment);
        return true;
    }

    private bool TryExtendUnsynchronized(RecordFrames queue)
    {
        if (!_spare.TryPop(out int empty))
        {
            return false;
        }

        (int full, int used) = queue.Fill(empty);
        if (full >= 0)
        {
            _used[full] = used;
        }

        return true;
    }

    /// <summary>Takes up frames that nobody looks at any more.</summary>
    private void CollectUnsynchronized()
    {
        if (_leaving.Count != 0 && Epoch.HasPassed(_leftAt))
        {
            foreach (int frame in _leaving)
            {
                _spare.Push(frame);
            }

            _leaving.Clear();
        }
    }

    /// <summary>Makes frames ready before they are needed.</summary>
    private void PrepareUnsynchronized()
    {
        if (_leaving.Count == 0 && _spare.Count < SpareFrames)
        {
            if (TryGrowUnsynchronized() || TryEvictUnsynchronized())
            {
                _leftAt = Epoch.Mark();
            }
        }
    }

    private bool TryGrowUnsynchronized()
    {
        if (!_segments.TryLend(out MemoryBlock block))
        {
            return false;
        }

        _blocks.Add(block);
        int count = (int)(block.Length / FrameBytes);
        MakeRoomUnsynchronized(_frameCount + count);
        for (int i = 0; i < count; i++)
        {
            _frames[_frameCount] = new NativeRegion(
                block.Address + ((nint)i * FrameBytes), FrameBytes);
            _leaving.Add(_frameCount++);
        }

        return true;
    }

    // Readers of the old array stay right: what they look for was in it.
    private void MakeRoomUnsynchronized(int count)
    {
        if (_frames.Length < count)
        {
            NativeRegion[] frames = _frames;
            int length = Math.Max(count, 2 * frames.Length);
            Array.Resize(ref frames, length);
            Array.Resize(ref _used, length);
            Volatile.Write(ref _frames, frames);
        }
    }

    private bool TryEvictUnsynchronized()
    {
        bool isShort = _long.FullCount == 0 || _short.FullCount * ShortShare > _frameCount;
        if (!(isShort ? _short : _long).TryTakeOldest(out int frame))
        {
            return false;
        }

        EmptyUnsynchronized(frame, isShort);
        _leaving.Add(frame);
        return true;
    }

    private void EmptyUnsynchronized(int frame, bool isShort)
    {
        int movable = isShort ? FrameBytes : MaxRoundBytes;
        int size;
        for (int offset = 0; offset < _used[frame]; offset += size)
        {
            long place = ((long)frame * PlacesPerFrame) + (offset / Alignment);
            NativeRegion entry = EntryAt(place);
            size = EntryBytes(SizeOf(entry));
            ulong hash = HashOf(entry.Word(0), entry.HalfWord(NameOffset));
            byte hits = entry.Span(HitsOffset, 1)[0];
            if (!_table!.Contains(hash, place))
            {
                continue;
            }

            if (hits > 0 && size <= movable
                && TryKeepUnsynchronized(entry.Span(0, size), out long to))
            {
                EntryAt(to).Span(HitsOffset, 1)[0] = (byte)(isShort ? 0 : hits - 1);
                _ = _table.TryMove(hash, place, to);
                movable -= size;
            }
            else
            {
                _ = _table.TryMove(hash, place, -1);
                _table.LetGo(hash);
            }
        }
    }

    private bool TryKeepUnsynchronized(ReadOnlySpan<byte> entry, out long to)
    {
        bool isClaimed = _long.TryClaim(entry.Length, out int frame, out int offset)
            || (TryExtendUnsynchronized(_long)
                && _long.TryClaim(entry.Length, out frame, out offset));
        to = ((long)frame * PlacesPerFrame) + (offset / Alignment);
        if (isClaimed)
        {
            entry.CopyTo(EntryAt(to).Span(0, entry.Length));
        }

        return isClaimed;
    }
}
