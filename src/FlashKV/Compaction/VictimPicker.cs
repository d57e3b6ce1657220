using FlashKV.Log;

namespace FlashKV.Compaction;

/// <summary>
/// Chooses, among the segments as they are now, the one whose compaction gains most: much dead
/// space for little to move, and rather an old segment, whose records have shown that they live
/// long.
/// </summary>
internal sealed class VictimPicker
{
    // Above this a compaction moves too much for what it frees.
    private const double MaxUtilization = 0.95;

    // The session is in the upper half of a segment id.
    private const int SessionShift = 32;

    // Segments that may be mostly dead before it is worth while to look.
    private const int Slack = 2;

    private readonly ShardLog _log;
    private readonly LogGeometry _geometry;
    private readonly List<Segment> _inUse = [];
    private double _lastAmplification;
    private long _nextId;
    private long _oldestId;
    private long _secondOldestId;

    public VictimPicker(ShardLog log, LogGeometry geometry)
    {
        _log = log;
        _geometry = geometry;
        Look();
    }

    /// <summary>The segments that can be compacted: sealed, and held by no snapshot.</summary>
    public List<Segment> Sealed { get; } = [];

    /// <summary>
    /// The bytes of log per byte that counts, when <see cref="Pick"/> was called last. Any thread
    /// may read it.
    /// </summary>
    public double LastAmplification
    {
        get => Volatile.Read(ref _lastAmplification);
        private set => Volatile.Write(ref _lastAmplification, value);
    }

    /// <summary>Looks at the segments anew.</summary>
    public void Look()
    {
        Sealed.Clear();
        _nextId = _log.Allocator.NextSegmentId;
        _oldestId = long.MaxValue;
        _secondOldestId = long.MaxValue;
        _log.Segments.CopyInUse(_inUse);
        foreach (Segment segment in _inUse)
        {
            if (segment.State == SegmentState.Sealed && !segment.IsHeld)
            {
                Sealed.Add(segment);
            }

            _secondOldestId = Math.Min(_secondOldestId, Math.Max(_oldestId, segment.Id));
            _oldestId = Math.Min(_oldestId, segment.Id);
        }
    }

    /// <summary>
    /// Whether no segment but this one can hold a version that is older than a tombstone in it.
    /// </summary>
    public bool CanDropTombstones(Segment segment) =>
        (segment.Id == _oldestId ? _secondOldestId : _oldestId) >= segment.Footer.Fence;

    /// <summary>The share of what a segment takes up that counts.</summary>
    public double UtilizationOf(Segment segment) => (double)Live(segment) / Used(segment);

    /// <summary>Picks a segment if the log is larger than it may be.</summary>
    /// <param name="amplification">The bytes of log per byte that counts which are allowed.</param>
    /// <returns>The segment; null if there is nothing to do.</returns>
    public Segment? Pick(double amplification)
    {
        Segment? victim = null;
        long used = 0;
        long live = 0;
        double best = 0;
        foreach (Segment segment in Sealed)
        {
            used += Used(segment);
            live += Live(segment);
            double gain = Gain(segment);
            if (gain > best)
            {
                best = gain;
                victim = segment;
            }
        }

        // A few segments that are mostly dead are no reason to do anything.
        long counted = used - ((long)Slack * _geometry.SegmentBytes);
        LastAmplification = (double)counted / Math.Max(live, 1);
        return counted > live * amplification ? victim : null;
    }

    /// <summary>
    /// Picks the segment with most dead in it, if that is worth a compaction at all.
    /// </summary>
    public Segment? PickEmptiest()
    {
        Segment? victim = Sealed.MinBy(UtilizationOf);
        return victim is not null && UtilizationOf(victim) < MaxUtilization ? victim : null;
    }

    private double Gain(Segment segment)
    {
        double utilization = UtilizationOf(segment);
        return utilization < MaxUtilization
            ? (1 - utilization) * (_nextId - segment.Id) / (1 + utilization)
            : 0;
    }

    private long Live(Segment segment) =>
        segment.LiveBytes + (CanDropTombstones(segment) ? 0 : segment.TombstoneBytes);

    // What a segment left unfilled is no reason to move it: its copy would leave as much. Except
    // that opening seals whatever there is, however little; those of earlier sessions are merged.
    private long Used(Segment segment)
    {
        int start = _geometry.DataOffsetOf(segment.Slot);
        int room = _geometry.SegmentBytes - start - SegmentFooter.SizeInBytes
            - (segment.Footer.RecordCount * SummaryFormat.EntryBytes);
        int data = segment.Footer.DataEnd - start;
        bool isOld = segment.Id >> SessionShift != _nextId >> SessionShift;
        return isOld && data < room / 2 ? room : data;
    }
}
