using FlashKV.Index;
using FlashKV.Log;
using FlashKV.Memory;
using FlashKV.Shards;
using FlashKV.Superpipe;

namespace FlashKV.Compaction;

/// <summary>
/// Moves the live records out of segments that are mostly dead, to the cold tail, and frees them.
/// One compaction of a shard runs at a time.
/// </summary>
internal sealed class ShardCompactor(Shard shard, StoreContext store)
{
    // What is not live in a segment that a compaction on request still takes on.
    private const double WorthMoving = 0.98;

    // How much more than it may be the log is when writers help.
    private const double HelpAbove = 1.1;

    private const int PrefetchDistance = 16;

    private readonly LogGeometry _geometry = store.Geometry;
    private readonly List<Segment> _emptied = [];
    private readonly VictimPicker _picker = new(shard.Log, store.Geometry);
    private CompactionCounts _counts;
    private Segment? _lastCopy;
    private int _lastCopyEnd;

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

    /// <summary>
    /// Compacts one segment if there is more dead space than the options allow.
    /// </summary>
    /// <returns>Whether it did; then there may be more to do.</returns>
    public bool TryCompact() => TryCompact(store.Options.SpaceAmplification);

    /// <summary>
    /// Compacts one segment if the log has outgrown what the options allow by far: called by a
    /// writer before it opens another segment, so that the log grows no faster than it is
    /// compacted. What fails is left to background work, which meets and reports it.
    /// </summary>
    public void Help()
    {
        double allowed = store.Options.SpaceAmplification * HelpAbove;
        if (_picker.LastAmplification <= allowed)
        {
            return;
        }

        try
        {
            _ = TryCompact(allowed);
        }
        catch (Exception exception) when (exception is InsufficientMemoryException
            or StoreFullException or CorruptStoreException or DeviceException)
        {
            shard.Log.AskForCompaction();
        }
    }

    /// <summary>Frees one segment if any can be freed by moving what is live in it.</summary>
    public bool TryReclaim()
    {
        lock (Gate)
        {
            if (FreeEmptied())
            {
                return true;
            }

            _picker.Look();
            if (_picker.PickEmptiest() is not { } victim)
            {
                return false;
            }

            Compact(victim, !_picker.CanDropTombstones(victim));
            return victim.State == SegmentState.Freed;
        }
    }

    /// <summary>Compacts every sealed segment in which something is dead, oldest first.</summary>
    public void CompactAll(CancellationToken cancellationToken)
    {
        lock (Gate)
        {
            FreeEmptied();
            var candidates = new VictimPicker(shard.Log, _geometry);
            foreach (Segment segment in candidates.Sealed.OrderBy(segment => segment.Id))
            {
                cancellationToken.ThrowIfCancellationRequested();

                // Anew for each: once the older segments are gone, tombstones can go too.
                var picker = new VictimPicker(shard.Log, _geometry);
                if (picker.UtilizationOf(segment) < WorthMoving)
                {
                    Compact(segment, !picker.CanDropTombstones(segment));
                }
            }
        }
    }

    private bool TryCompact(double amplification)
    {
        lock (Gate)
        {
            FreeEmptied();
            _picker.Look();
            if (_picker.Pick(amplification) is not { } victim)
            {
                return false;
            }

            Compact(victim, !_picker.CanDropTombstones(victim));
            return true;
        }
    }

    private void Compact(Segment victim, bool keepsTombstones)
    {
        store.Fault.ThrowIfSet();
        using PooledBuffer buffer = store.Buffers.Rent(_geometry.SegmentBytes);
        NativeRegion image = buffer.Region.Slice(0, _geometry.SegmentBytes);
        shard.Log.Reader.ReadSlot(victim, image);
        ReadOnlySpan<byte> summary = shard.Log.Reader.CheckSummary(victim, image);
        _lastCopy = null;
        for (int i = 0; i < victim.Footer.RecordCount; i++)
        {
            if (i + PrefetchDistance < victim.Footer.RecordCount)
            {
                shard.Index.Prefetch(EntryOf(summary, victim, i + PrefetchDistance).Hash);
            }

            SummaryEntry entry = EntryOf(summary, victim, i);

            // A commit record has done its work once the segments of its batch are sealed; until
            // then this one is pinned.
            if (!entry.IsDead && (entry.Flags & RecordFlags.BatchCommit) == 0
                && MayCount(victim, entry))
            {
                Move(victim, image, entry, keepsTombstones);
            }
        }

        WaitDurable();
        WaitForSuccessors();

        // Readers that still hold an address in the victim come first.
        Epoch.WaitForQuiescence();
        victim.State = SegmentState.Emptied;
        _emptied.Add(victim);
        _counts = _counts with { Segments = _counts.Segments + 1 };
        FreeEmptied();
    }

    private static SummaryEntry EntryOf(ReadOnlySpan<byte> summary, Segment victim, int number) =>
        SummaryFormat.Read(
            summary[(number * SummaryFormat.EntryBytes)..], victim.Footer.MinSequence);

    // A record that the index does not point to is dead for good: no record comes to its place
    // before the segment is freed. So it costs neither a latch nor a checksum.
    private bool MayCount(Segment victim, in SummaryEntry entry)
    {
        if ((entry.Flags & RecordFlags.Tombstone) != 0)
        {
            return true;
        }

        using Epoch.Operation operation = Epoch.Enter();
        return shard.IsIndexed(entry.Hash, _geometry.PositionOf(victim.Slot, entry.Offset));
    }

    private void Move(
        Segment victim,
        NativeRegion image,
        in SummaryEntry entry,
        bool keepsTombstones)
    {
        ReadOnlySpan<byte> rest = image.Span(entry.Offset, victim.Footer.DataEnd - entry.Offset);
        RecordView record = shard.Log.Reader.Check(victim, entry.Offset, rest);
        RecordFlags flags = record.Flags & ~RecordFlags.BatchMember;
        int size = RecordFormat.SizeOf(flags, record.Key.Length, record.ValueLength);
        long address = _geometry.PositionOf(victim.Slot, entry.Offset);
        while (!TryMove(victim, record, entry.Hash, address, flags, size, keepsTombstones))
        {
            shard.Log.EnsureRoom(SegmentKind.Cold, size, reserve: 0);
        }
    }

    /// <summary>Moves a record if it still counts.</summary>
    /// <returns>false if the cold tail has no room.</returns>
    private bool TryMove(
        Segment victim,
        in RecordView record,
        ulong hash,
        long address,
        RecordFlags flags,
        int size,
        bool keepsTombstones)
    {
        using Epoch.Operation operation = Epoch.Enter();
        BucketWriter bucket = shard.Index.Acquire(hash);
        try
        {
            if (!MustOutlive(ref bucket, record, address, flags, keepsTombstones))
            {
                return true;
            }

            if (!shard.Log.TryClaimCold(record.Sequence, size, out TailClaim claim))
            {
                return false;
            }

            RecordFormat.WriteBody(
                claim.Bytes, record.Sequence, flags, record.BatchId, record.Key, record.Value);
            Publish(victim, ref bucket, address, claim, flags);
            LogTail.Commit(claim);
            Step.Reached("copied");
            _lastCopy = claim.Segment;
            _lastCopyEnd = claim.Offset + claim.Size;
            _counts = _counts with { MovedBytes = _counts.MovedBytes + size };
            return true;
        }
        finally
        {
            bucket.Dispose();
        }
    }

    /// <summary>
    /// Whether a record must outlive its segment: the index points to it, or it is a tombstone that
    /// still hides something. The writer then stands on the entry.
    /// </summary>
    private bool MustOutlive(
        ref BucketWriter bucket,
        in RecordView record,
        long address,
        RecordFlags flags,
        bool keepsTombstones) =>
        (flags & RecordFlags.Tombstone) != 0
            ? keepsTombstones && !shard.ContainsLatched(ref bucket, record.Key)
            : Find(ref bucket, address);

    private void Publish(
        Segment victim,
        ref BucketWriter bucket,
        long address,
        in TailClaim claim,
        RecordFlags flags)
    {
        if ((flags & RecordFlags.Tombstone) != 0)
        {
            claim.Segment.AddTombstone(claim.Size);
        }
        else
        {
            long copy = shard.Log.PositionOf(claim);
            shard.Scans.NoteMoved(address, copy);
            bucket.Replace(IndexEntry.Create(copy, SizeClass.FromLength(claim.Size)));
            claim.Segment.AddLive(claim.Size);
            victim.AddLive(-claim.Size);
        }
    }

    private static bool Find(ref BucketWriter bucket, long address)
    {
        while (bucket.Next(out IndexEntry entry))
        {
            if (entry.Address == address)
            {
                return true;
            }
        }

        return false;
    }

    // What is dead in the victim is so because of later records. Those must survive a power cut
    // before it goes; the members of a batch survive only together with those in other shards.
    private void WaitForSuccessors()
    {
        shard.Log.Flush();
        store.Batches.WaitDurable();
    }

    private void WaitDurable()
    {
        while (_lastCopy is { State: SegmentState.Staged } segment
            && segment.FlushedTo < _lastCopyEnd)
        {
            shard.Log.AdvanceFlush();
        }
    }

    /// <summary>Frees the emptied segments that no scan needs any more.</summary>
    private bool FreeEmptied()
    {
        int before = _emptied.Count;
        _emptied.RemoveAll(shard.Log.TryFree);
        return _emptied.Count < before;
    }
}
