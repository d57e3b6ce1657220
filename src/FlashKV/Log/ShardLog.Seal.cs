using System.Diagnostics;
using FlashKV.Memory;
using FlashKV.Shards;

namespace FlashKV.Log;

/// <summary>
/// Sealing: writing the summary of a full segment, and taking its staging slot back.
/// </summary>
internal sealed partial class ShardLog
{
    private readonly HashSet<ulong> _abandoned = [];

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

        WriteSummary(slot);
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

    private void WriteSummary(StagingSlot slot)
    {
        StagingProgress progress = slot.Progress;
        int start = SummaryFormat.OffsetOf(_geometry.SegmentBytes, progress.RecordCount);
        Debug.Assert(start >= progress.Frontier);
        Span<byte> summary = slot.Data.Span(
            start, progress.RecordCount * SummaryFormat.EntryBytes);
        WriteEntries(slot, summary);
        Span<byte> footerBytes = slot.Data.Span(
            start + summary.Length, SegmentFooter.SizeInBytes);
        footerBytes.Clear();
        var footer = new SegmentFooter(
            slot.Segment!.Id,
            progress.RecordCount,
            progress.Frontier,
            Crc32C.Compute(summary, slot.Segment.ChecksumSeed),
            progress.MinSequence,
            progress.MaxSequence,
            slot.Segment.Fence);
        slot.Segment.Footer = footer;

        // First without the footer, then with it: where it is valid, all of the summary is there,
        // whatever a power cut tears. The last block is written twice with the same bytes in front.
        Step.Reached("summary");
        WriteThrough(slot, start / LogGeometry.BlockBytes, _geometry.SegmentBlocks);
        footer.Write(footerBytes, slot.Segment.ChecksumSeed);
        Step.Reached("footer");
        WriteThrough(slot, _geometry.SegmentBlocks - 1, _geometry.SegmentBlocks);
    }

    private void WriteThrough(StagingSlot slot, int first, int end)
    {
        nint address = slot.Data.Slice(
            first * LogGeometry.BlockBytes, LogGeometry.BlockBytes).Address;
        _lun.Transfer(Write(slot, first, end - first, address));
    }

    private void WriteEntries(StagingSlot slot, Span<byte> summary)
    {
        StagingProgress progress = slot.Progress;
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
    /// Takes the slot of a sealed segment back. The bytes move to the cache; readers that still
    /// look at the slot are waited for.
    /// </summary>
    private void Recycle(TailRoom room, StagingSlot slot)
    {
        Segment segment = slot.Segment!;
        bool isEmpty = slot.Progress.RecordCount == 0;
        if (isEmpty)
        {
            // A power cut may have left its header and none of its records.
            segment.Image = 0;
            WriteFreeHeaders(segment);
        }
        else
        {
            MoveToCache(slot, segment);
        }

        // Not under the lock, which writers take: it is a segment to clear.
        Epoch.WaitForQuiescence();
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
            _store.Work.Upkeep();
        }
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
