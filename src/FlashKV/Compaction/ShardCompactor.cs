using FlashKV.Log;
using FlashKV.Memory;
using FlashKV.Shards;
using FlashKV.Superpipe;

namespace FlashKV.Compaction;

/// <summary>
/// Moves the live records out of segments that are mostly dead, to the cold tail, and frees them.
/// One compaction of a shard runs at a time, in small steps: background work takes one after the
/// other, and a writer takes one where background work does not keep up.
/// </summary>
internal sealed partial class ShardCompactor(Shard shard, StoreContext store)
{
    // What is not live in a segment that a compaction on request still takes on.
    private const double WorthMoving = 0.98;

    // How much more than it may be the log is when writers help a little, and when they do as much
    // as it takes.
    private const double HelpAbove = 1.05;
    private const double HelpMuchAbove = 1.1;

    // The records that a step of background work looks at, and one of a writer.
    private const int RecordsPerStep = 2048;
    private const int RecordsPerHelp = 128;

    // More segments than these do not wait for what must be on stable storage before they go.
    private const int MaxMoved = 8;

    // More turns than this without an end mean a defect, not load.
    private const int MaxSettleTurns = 1_000_000;

    private readonly LogGeometry _geometry = store.Geometry;
    private readonly List<MovedSegment> _moved = [];
    private readonly List<Segment> _emptied = [];
    private readonly VictimPicker _picker = new(shard.Log, store.Geometry);
    private CompactionCounts _counts;
    private Victim? _victim;
    private Victim? _left;
    private bool _isUnderWay;

    /// <summary>Held while a compaction runs, and by whoever must keep one from running.</summary>
    public Lock Gate { get; } = new();

    /// <summary>What compactions have done since the store was opened.</summary>
    public CompactionCounts Counts
    {
        get
        {
            lock (Gate)
            {
                return _counts;
            }
        }
    }

    /// <summary>Whether a segment is being emptied, or waits to be freed.</summary>
    public bool IsUnderWay => Volatile.Read(ref _isUnderWay);

    /// <summary>Whether the log has outgrown what the options allow.</summary>
    public bool IsBehind =>
        _picker.LastAmplification > store.Options.SpaceAmplification * HelpAbove;

    /// <summary>
    /// A step of background work: frees what can be freed, and moves some records if there is more
    /// dead space than the options allow.
    /// </summary>
    /// <returns>Whether there is more to do at once.</returns>
    public bool Advance() => Advance(RecordsPerStep);

    /// <summary>
    /// A step of a writer, so that the log grows no faster than it is compacted. It waits for
    /// nothing: what needs the device is left to background work, and so is what fails.
    /// </summary>
    public void HelpALittle()
    {
        if (!Gate.TryEnter())
        {
            return;
        }

        try
        {
            if (_moved.Count < MaxMoved && TryBegin())
            {
                MoveSome(RecordsPerHelp, mayWait: false);
            }

            NoteProgress();
        }
        catch (Exception exception) when (exception is CorruptStoreException or DeviceException)
        {
            shard.Log.AskForCompaction();
        }
        finally
        {
            Gate.Exit();
        }
    }

    /// <summary>
    /// Empties one segment if the log has outgrown what the options allow although writers help:
    /// called by a writer before it opens another segment. It waits neither for somebody else who
    /// compacts nor for the flushes that let segments go. What fails is left to background work,
    /// which meets and reports it.
    /// </summary>
    public void HelpMuch()
    {
        if (_picker.LastAmplification <= store.Options.SpaceAmplification * HelpMuchAbove
            || !Gate.TryEnter())
        {
            return;
        }

        try
        {
            FreeDurable();
            if (_moved.Count < MaxMoved)
            {
                AdvanceUnsynchronized(int.MaxValue);
            }
        }
        catch (Exception exception) when (exception is InsufficientMemoryException
            or StoreFullException or CorruptStoreException or DeviceException)
        {
            shard.Log.AskForCompaction();
        }
        finally
        {
            Gate.Exit();
        }
    }

    /// <summary>Frees one segment if any can be freed by moving what is live in it.</summary>
    public bool TryReclaim()
    {
        lock (Gate)
        {
            int before = _emptied.Count + _moved.Count;
            Settle();
            if (_emptied.Count < before)
            {
                return true;
            }

            if (_victim is null)
            {
                _picker.Look();
                if (_picker.PickEmptiest() is not { } picked)
                {
                    return false;
                }

                Begin(picked, _picker);
            }

            Segment segment = _victim!.Segment;
            Complete();
            return segment.State == SegmentState.Freed;
        }
    }

    /// <summary>Compacts every sealed segment in which something is dead, oldest first.</summary>
    public void CompactAll(CancellationToken cancellationToken)
    {
        List<Segment> candidates;
        lock (Gate)
        {
            Complete();
            candidates = new VictimPicker(shard.Log, _geometry).Sealed;
        }

        foreach (Segment segment in candidates.OrderBy(static segment => segment.Id))
        {
            cancellationToken.ThrowIfCancellationRequested();
            lock (Gate)
            {
                CompactIfWorth(segment);
            }
        }
    }

    /// <summary>
    /// Leaves the segment that is being emptied with what is left in it. The caller holds the gate.
    /// </summary>
    public void LeaveVictim()
    {
        _victim?.Release();
        _left = _victim ?? _left;
        _victim = null;
        NoteProgress();
    }

    private bool Advance(int records)
    {
        lock (Gate)
        {
            FreeDurable();
            if (_moved.Count >= MaxMoved)
            {
                Settle();
            }

            return AdvanceUnsynchronized(records);
        }
    }

    private bool AdvanceUnsynchronized(int records)
    {
        bool isMoving = TryBegin();
        if (isMoving)
        {
            MoveSome(records, mayWait: true);
        }

        if (_moved.Count != 0)
        {
            // The next flush lets them go.
            shard.Log.MarkDirty();
        }

        NoteProgress();
        return isMoving;
    }

    private void CompactIfWorth(Segment segment)
    {
        // Anew for each: once the older segments are gone, tombstones can go too. And others had
        // the gate in between.
        Complete();
        var picker = new VictimPicker(shard.Log, _geometry);
        if (picker.Sealed.Contains(segment) && picker.UtilizationOf(segment) < WorthMoving)
        {
            Begin(segment, picker);
            Complete();
        }
    }

    private bool TryBegin()
    {
        if (_victim is not null)
        {
            return true;
        }

        _picker.Look();
        if (_picker.Pick(store.Options.SpaceAmplification) is { } picked)
        {
            Begin(picked, _picker);
        }

        return _victim is not null;
    }

    private void Begin(Segment segment, VictimPicker picker) =>
        _victim = new Victim(segment, !picker.CanDropTombstones(segment))
        {
            // If it is the one that was left, some of it was copied before.
            LastCopy = _left?.LastCopy,
            LastCopyEnd = _left?.LastCopyEnd ?? 0,
        };

    /// <summary>Ends what was begun, and waits until the segments can go.</summary>
    private void Complete()
    {
        while (_victim is not null)
        {
            MoveSome(int.MaxValue, mayWait: true);
        }

        Settle();
        NoteProgress();
    }

    private void NoteProgress() =>
        Volatile.Write(ref _isUnderWay, _victim is not null || _moved.Count != 0);

    private void End(Victim victim)
    {
        victim.Segment.State = SegmentState.Emptied;
        _moved.Add(new MovedSegment(
            victim.Segment,
            victim.LastCopy,
            victim.LastCopyEnd,
            shard.Log.NextSequence - 1,
            store.Batches.Unsettled()));
        _counts = _counts with { Segments = _counts.Segments + 1 };
        _victim = null;
        victim.Release();
    }

    // What is dead in a victim is so because of later records. Those must survive a power cut
    // before it goes; the members of a batch survive only together with those in other shards.
    private void Settle()
    {
        SpinWait spin = default;
        FreeDurable();
        for (int turn = 0; _moved.Count != 0; turn++)
        {
            if (turn == MaxSettleTurns)
            {
                throw new InvalidOperationException(
                    $"Shard {shard.Number} did not settle in {MaxSettleTurns} turns.");
            }

            if (!shard.Log.AdvanceFlush())
            {
                // Another shard must flush its part of a batch, or a writer complete its record.
                store.Batches.WaitDurable();
                spin.SpinOnce();
            }

            FreeDurable();
        }
    }

    /// <summary>Frees the segments that nothing needs any more, even after a power cut.</summary>
    private void FreeDurable()
    {
        int count = 0;
        while (count < _moved.Count && CanGo(_moved[count]))
        {
            count++;
        }

        if (count != 0)
        {
            // Readers that still hold an address in one of them come first.
            Epoch.WaitForQuiescence();
            _emptied.AddRange(_moved.Take(count).Select(static moved => moved.Segment));
            _moved.RemoveRange(0, count);
        }

        FreeEmptied();
    }

    private bool CanGo(MovedSegment moved) =>
        moved.HasDurableCopies && moved.HasDurableSuccessors(shard.Log);

    /// <summary>Frees the emptied segments that no batch needs any more.</summary>
    private void FreeEmptied()
    {
        if (_emptied.Count != 0)
        {
            shard.Log.Free(_emptied);
        }
    }
}
