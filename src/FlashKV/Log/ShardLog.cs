using FlashKV.Shards;
using FlashKV.Superpipe;

namespace FlashKV.Log;

/// <summary>
/// The log of a shard: its segments, its two tails (hot for what is put, cold for what outlives a
/// compaction), and their way from staging to the device.
/// </summary>
internal sealed partial class ShardLog
{
    public const int HotSlots = 3;
    public const int ColdSlots = 1;
    public const int SlotsPerShard = HotSlots + ColdSlots;

    private readonly StoreContext _store;
    private readonly Lun _lun;
    private readonly LogGeometry _geometry;
    private readonly IChunkSource _chunks;
    private readonly TailRoom _hotRoom;
    private readonly TailRoom _coldRoom;
    private int _dirty;

    public ShardLog(
        int shard, StoreContext store, Lun lun, IChunkSource chunks, StagingSlot[] slots)
    {
        Shard = shard;
        _store = store;
        _lun = lun;
        _geometry = store.Geometry;
        _chunks = chunks;
        _flushBlock = store.Buffers.Rent(LogGeometry.BlockBytes);
        Allocator = new SegmentAllocator(Segments);
        Reader = new SegmentReader(shard, store, lun, Segments);

        // The log of a clone has no staging, and nothing is appended to it.
        int hotSlots = Math.Min(slots.Length, HotSlots);
        _hotRoom = new TailRoom(SegmentKind.Hot, slots[..hotSlots], _geometry);
        _coldRoom = new TailRoom(SegmentKind.Cold, slots[hotSlots..], _geometry);
    }

    public int Shard { get; }

    public SegmentTable Segments { get; } = new();

    public SegmentAllocator Allocator { get; }

    public SegmentReader Reader { get; }

    public LogTail Hot => _hotRoom.Tail;

    public LogTail Cold => _coldRoom.Tail;

    /// <summary>The blocks of the shard's LUN.</summary>
    public Lun Lun => _lun;

    /// <summary>The sequence number behind the last one given out.</summary>
    public ulong NextSequence
    {
        get
        {
            lock (_hotRoom.Lock)
            {
                StagingSlot? current = Hot.Current;
                return current is null
                    ? _hotRoom.NextSequence
                    : current.Segment!.Header.FirstSequence + (ulong)Hot.RecordCount;
            }
        }
    }

    /// <summary>
    /// Notes that a record was committed; wakes background work if there was nothing to do.
    /// </summary>
    public void MarkDirty()
    {
        if (Volatile.Read(ref _dirty) == 0)
        {
            Volatile.Write(ref _dirty, 1);
            _store.Work.Dirtied(Shard);
        }
    }

    /// <summary>Whether records were committed since the last time it was asked.</summary>
    public bool TakeDirty()
    {
        if (Volatile.Read(ref _dirty) == 0)
        {
            return false;
        }

        Interlocked.Exchange(ref _dirty, 0);

        // A writer commits its record and then looks at the flag, without a barrier of its own: if
        // it saw the flag that was just taken, its record must be seen from here on.
        Interlocked.MemoryBarrierProcessWide();
        return true;
    }

    /// <summary>The position in the LUN of a claimed record.</summary>
    public long PositionOf(in TailClaim claim) =>
        _geometry.PositionOf(claim.Segment.Slot, claim.Offset);

    private TailRoom RoomOf(SegmentKind kind) => kind == SegmentKind.Hot ? _hotRoom : _coldRoom;
}
