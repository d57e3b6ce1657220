using System.Diagnostics;

namespace FlashKV.Log;

/// <summary>One life of a segment, from its first record to its compaction.</summary>
internal sealed class Segment(SegmentHeader header)
{
    private int _liveBytes;
    private int _tombstoneBytes;
    private int _pins;
    private int _holds;
    private int _loadBegan;
    private volatile SegmentState _state;
    private int _flushedTo;
    private nint _image;

    public SegmentHeader Header { get; } = header;

    public int Slot => Header.Slot;

    public long Id => Header.SegmentId;

    public SegmentKind Kind => Header.Kind;

    /// <summary>The seed of the checksums of its records.</summary>
    public uint ChecksumSeed { get; } = header.ChecksumSeed;

    public SegmentState State
    {
        get => _state;
        set => _state = value;
    }

    /// <summary>
    /// The offset up to which its records are on stable storage, while it is staged.
    /// </summary>
    public int FlushedTo
    {
        get => Volatile.Read(ref _flushedTo);
        set => Volatile.Write(ref _flushedTo, value);
    }

    /// <summary>
    /// The id that the shard's next segment would have got when this one was closed; see
    /// <see cref="SegmentFooter.Fence"/>.
    /// </summary>
    public long Fence { get; set; }

    /// <summary>What sealed it; meaningless before.</summary>
    public SegmentFooter Footer { get; set; }

    /// <summary>
    /// The address of the bytes of its whole slot in memory, in staging or in the cache; 0 if they
    /// are only on the device. Valid inside an operation.
    /// </summary>
    public nint Image
    {
        get => Volatile.Read(ref _image);
        set
        {
            if (Table is { } table)
            {
                table.SetImage(this, ref _image, value);
            }
            else
            {
                Volatile.Write(ref _image, value);
            }
        }
    }

    /// <summary>The table that has the segment; the table's own.</summary>
    public SegmentTable? Table { get; set; }

    /// <summary>
    /// The frame that holds the image, if it is one of the cache; the cache's own.
    /// </summary>
    public nint CacheFrame { get; set; }

    /// <summary>The bytes of the records that the index points to.</summary>
    public int LiveBytes => Volatile.Read(ref _liveBytes);

    /// <summary>The bytes of its tombstones.</summary>
    public int TombstoneBytes => Volatile.Read(ref _tombstoneBytes);

    /// <summary>
    /// The bytes of its records that count no more; while it is staged, of those on stable storage.
    /// What it never filled is not among them.
    /// </summary>
    public int DeadBytes(LogGeometry geometry)
    {
        int end = State == SegmentState.Staged ? FlushedTo : Footer.DataEnd;
        return Math.Max(0, end - geometry.DataOffsetOf(Slot) - LiveBytes);
    }

    /// <summary>How many readers need it to stay as it is on the device.</summary>
    public int Pins => Volatile.Read(ref _pins);

    /// <summary>
    /// Whether a snapshot needs its records where they are. Then compaction leaves it alone: it
    /// could not be freed.
    /// </summary>
    public bool IsHeld => Volatile.Read(ref _holds) != 0;

    /// <summary>Whether the caller is the one to load the image; says yes once.</summary>
    public bool TryBeginLoad() => Interlocked.Exchange(ref _loadBegan, 1) == 0;

    /// <summary>Lets the image be loaded again.</summary>
    public void AllowLoad() => Volatile.Write(ref _loadBegan, 0);

    public void AddLive(int bytes) => Interlocked.Add(ref _liveBytes, bytes);

    public void AddTombstone(int bytes) => Interlocked.Add(ref _tombstoneBytes, bytes);

    public void Pin() => Interlocked.Increment(ref _pins);

    /// <summary>Holds it for a snapshot.</summary>
    public void Hold()
    {
        Pin();
        Interlocked.Increment(ref _holds);
    }

    /// <summary>Ends a <see cref="Hold"/>.</summary>
    public void LetGo()
    {
        Interlocked.Decrement(ref _holds);
        Unpin();
    }

    public void Unpin()
    {
        int pins = Interlocked.Decrement(ref _pins);
        Debug.Assert(pins >= 0);
    }
}
