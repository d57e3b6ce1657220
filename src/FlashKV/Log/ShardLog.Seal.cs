using System.Diagnostics;
using FlashKV.Memory;
using FlashKV.Shards;
using FlashKV.Superpipe;

namespace FlashKV.Log;

/// <summary>
/// Sealing: writing the summary of a full segment, and taking its staging slot back.
/// </summary>
internal sealed partial class ShardLog
{
    private readonly HashSet<ulong> _abandoned = [];

    /// <summary>Seals the closed segments, oldest first, up to one that must wait.</summary>
    private bool SealClosed(TailRoom room)
    {
        bool progressed = false;
        while (OldestUnsealed(room) is { Progress.IsClosed: true } slot && TrySeal(slot))
        {
            Leave(slot);
            progressed = true;
        }

        return FreeLeft(room) || progressed;
    }

    private static StagingSlot? OldestUnsealed(TailRoom room)
    {
        lock (room.Lock)
        {
            foreach (StagingSlot slot in room.InFlight)
            {
                if (slot.Progress.LeftAt == 0)
                {
                    return slot;
                }
            }

            return null;
        }
    }

    /// <summary>
    /// Seals a closed segment that is flushed to its end. The batches in it are settled first, so
    /// that its summary says for good which records count.
    /// </summary>
    /// <returns>false if a batch is not settled yet.</returns>
    private bool TrySeal(StagingSlot slot)
    {
        StagingProgress progress = slot.Progress;
        if (progress.RecordCount == 0)
        {
            return true;
        }

        foreach (BatchCommit batch in progress.Batches)
        {
            if (!TrySettle(batch))
            {
                return false;
            }
        }

        if (!progress.IsSummarized)
        {
            WriteThrough(slot, WriteEntries(slot), _geometry.SegmentBlocks);
        }

        WriteFooter(slot);
        foreach (BatchCommit batch in progress.Batches)
        {
            if (batch.LeaveSegment(slot.Segment!))
            {
                _store.Batches.Remove(batch);
            }
        }

        return true;
    }

    // The gate of this shard is held, so another shard is only helped along if its gate is free:
    // two shards that wait for each other both come back later.
    private bool TrySettle(BatchCommit batch)
    {
        if (batch.State == BatchState.Open)
        {
            return false;
        }

        if (batch.State == BatchState.Committed)
        {
            foreach (BatchParticipant participant in batch.Participants)
            {
                if (!participant.IsDurable && participant.Log != this)
                {
                    participant.Log!.TryAdvanceFlush(out _);
                }
            }
        }

        return batch.IsSettled;
    }

    /// <summary>
    /// Writes the last records of a closed segment, and its summary in the same transfer: in it are
    /// no batches, so nothing is left that could change it.
    /// </summary>
    private void WriteWithSummary(StagingSlot slot)
    {
        StagingProgress progress = slot.Progress;
        int first = progress.FlushedTo / LogGeometry.BlockBytes;
        int end = (progress.Frontier + LogGeometry.BlockBytes - 1) / LogGeometry.BlockBytes;
        int summary = WriteEntries(slot);
        if (end >= summary)
        {
            WriteThrough(slot, first, _geometry.SegmentBlocks);
        }
        else
        {
            _lun.Transfer(
            [
                Write(slot, first, end - first),
                Write(slot, summary, _geometry.SegmentBlocks - summary),
            ]);
        }

        progress.IsSummarized = true;
    }

    // Not with the summary but after it: where the footer is valid, all of the summary is there,
    // whatever a power cut tears. The last block is written twice with the same bytes in front.
    private void WriteFooter(StagingSlot slot)
    {
        StagingProgress progress = slot.Progress;
        Segment segment = slot.Segment!;
        int start = SummaryFormat.OffsetOf(_geometry.SegmentBytes, progress.RecordCount);
        int bytes = progress.RecordCount * SummaryFormat.EntryBytes;
        segment.Footer = new SegmentFooter(
            segment.Id,
            progress.RecordCount,
            progress.Frontier,
            Crc32C.Compute(slot.Data.Span(start, bytes), segment.ChecksumSeed),
            progress.MinSequence,
            progress.MaxSequence,
            segment.Fence);
        segment.Footer.Write(
            slot.Data.Span(start + bytes, SegmentFooter.SizeInBytes), segment.ChecksumSeed);
        Step.Reached("footer");
        WriteThrough(slot, _geometry.SegmentBlocks - 1, _geometry.SegmentBlocks);
    }

    private void WriteThrough(StagingSlot slot, int first, int end) =>
        _lun.Transfer(Write(slot, first, end - first));

    private BlockTransfer Write(StagingSlot slot, int first, int blocks) =>
        Write(
            slot,
            first,
            blocks,
            slot.Data.Slice(first * LogGeometry.BlockBytes, LogGeometry.BlockBytes).Address);

    /// <summary>Writes the summary into the slot, with zeros in the place of the footer.</summary>
    /// <returns>The block in which it begins.</returns>
    private int WriteEntries(StagingSlot slot)
    {
        StagingProgress progress = slot.Progress;
        int start = SummaryFormat.OffsetOf(_geometry.SegmentBytes, progress.RecordCount);
        Debug.Assert(start >= progress.Frontier);
        Span<byte> summary = slot.Data.Span(start, _geometry.SegmentBytes - start);
        CollectAbandoned(progress);
        foreach (SummaryEntry entry in progress.Entries)
        {
            // Behind a summary a batch is settled, so its members are records like any other.
            SummaryEntry settled = entry with
            {
                Sequence = Math.Max(entry.Sequence, progress.MinSequence),
                Flags = entry.Flags & ~RecordFlags.BatchMember,
                IsDead = entry.IsDead || IsAbandoned(slot, entry),
            };
            SummaryFormat.Write(summary, settled, progress.MinSequence);
            summary = summary[SummaryFormat.EntryBytes..];
        }

        Debug.Assert(summary.Length == SegmentFooter.SizeInBytes);
        summary.Clear();
        Step.Reached("summary");
        return start / LogGeometry.BlockBytes;
    }

    private void CollectAbandoned(StagingProgress progress)
    {
        _abandoned.Clear();
        foreach (BatchCommit batch in progress.Batches)
        {
            if (batch.State == BatchState.Abandoned)
            {
                _abandoned.Add(batch.Id);
            }
        }
    }

    private bool IsAbandoned(StagingSlot slot, in SummaryEntry entry)
    {
        const RecordFlags OfBatch = RecordFlags.BatchMember | RecordFlags.BatchCommit;
        if (_abandoned.Count == 0 || (entry.Flags & OfBatch) == 0)
        {
            return false;
        }

        Span<byte> bytes = slot.Data.Span(
            entry.Offset + RecordFormat.HeaderBytes, RecordFormat.BatchIdBytes);
        return _abandoned.Contains(
            System.Buffers.Binary.BinaryPrimitives.ReadUInt64LittleEndian(bytes));
    }

    /// <summary>
    /// Leaves the slot of a sealed segment. The bytes move to the cache; the slot is free once the
    /// readers that still look at it have gone.
    /// </summary>
    private void Leave(StagingSlot slot)
    {
        Segment segment = slot.Segment!;
        if (slot.Progress.RecordCount != 0)
        {
            MoveToCache(slot, segment);
        }
        else
        {
            // A power cut may have left its header and none of its records.
            segment.Image = 0;
            WriteFreeHeaders(segment);
        }

        slot.Progress.LeftAt = Epoch.Mark();
    }

    /// <summary>Frees the slots that were left and have no readers any more.</summary>
    private bool FreeLeft(TailRoom room)
    {
        bool progressed = false;
        while (OldestLeft(room) is { } slot && HaveReadersGone(slot))
        {
            Free(room, slot);
            progressed = true;
        }

        return progressed;
    }

    // Readers of any store in the process count. The same calls on a seeded one, or on one that is
    // stepped, do the same all the same.
    private bool HaveReadersGone(StagingSlot slot)
    {
        if (_store.Options is { BackgroundThread: true, Seed: null })
        {
            return Epoch.HasPassed(slot.Progress.LeftAt);
        }

        Epoch.WaitFor(slot.Progress.LeftAt);
        return true;
    }

    // Slots are left, and freed, in the order in which they were filled.
    private static StagingSlot? OldestLeft(TailRoom room)
    {
        lock (room.Lock)
        {
            return room.InFlight.TryPeek(out StagingSlot? slot) && slot.Progress.LeftAt != 0
                ? slot
                : null;
        }
    }

    private void Free(TailRoom room, StagingSlot slot)
    {
        Segment segment = slot.Segment!;
        bool isEmpty = slot.Progress.RecordCount == 0;

        // Not under the lock, which writers take: it is a segment to clear.
        slot.Clear();
        lock (room.Lock)
        {
            StagingSlot head = room.InFlight.Dequeue();
            Debug.Assert(head == slot);
            room.AddFree(slot);
        }

        // Only now may the segment be freed and its place on the device be given to another: a
        // process that dies would else leave two staging slots for one place.
        if (isEmpty)
        {
            Allocator.Free(segment);
        }
        else
        {
            segment.State = SegmentState.Sealed;
            AskForCompaction();
            _store.Work.Upkeep(Shard);
        }

        _gate.Progress();
    }

    private void MoveToCache(StagingSlot slot, Segment segment)
    {
        if (_store.Cache.TryTake(out NativeRegion frame))
        {
            slot.Data.Span(0, slot.Data.Length).CopyTo(frame.Span(0, frame.Length));
            _store.Cache.Publish(segment, frame);
        }
        else
        {
            segment.Image = 0;
        }
    }
}
