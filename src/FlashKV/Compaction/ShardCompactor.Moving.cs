using FlashKV.Index;
using FlashKV.Log;
using FlashKV.Memory;

namespace FlashKV.Compaction;

/// <summary>Moving records.</summary>
internal sealed partial class ShardCompactor
{
    // How many records ahead of the next one their places in the index begin to load.
    private const int LineDistance = 24;
    private const int BlockDistance = 12;

    /// <summary>Looks at some more records of the victim, and moves those that count.</summary>
    /// <param name="records">How many at most.</param>
    /// <param name="mayWait">Whether the caller may wait for the device.</param>
    private void MoveSome(int records, bool mayWait)
    {
        store.Fault.ThrowIfSet();
        Victim victim = _victim!;
        if (!TryLoad(victim, mayWait))
        {
            return;
        }

        for (; records > 0 && !victim.IsDone; records--)
        {
            MoveResult result = TryMoveNext(victim, out int size);
            if (result == MoveResult.Done)
            {
                victim.Next++;
            }
            else if (!mayWait)
            {
                return;
            }
            else if (result == MoveResult.NoRoom)
            {
                shard.Log.EnsureRoom(SegmentKind.Cold, size, reserve: 0);
            }
            else
            {
                // It made way in the cache.
                Load(victim);
            }
        }

        if (victim.IsDone)
        {
            End(victim);
        }
    }

    private bool TryLoad(Victim victim, bool mayWait)
    {
        if (victim.IsChecked)
        {
            return true;
        }

        using (Epoch.Operation operation = Epoch.Enter())
        {
            NativeRegion image = victim.Image(_geometry.SegmentBytes);
            if (!image.IsEmpty)
            {
                _ = shard.Log.Reader.CheckSummary(victim.Segment, image);
                victim.IsChecked = true;
                return true;
            }
        }

        if (mayWait)
        {
            Load(victim);
        }

        return mayWait;
    }

    private void Load(Victim victim)
    {
        PooledBuffer buffer = store.Buffers.Rent(_geometry.SegmentBytes);
        try
        {
            NativeRegion image = buffer.Region.Slice(0, _geometry.SegmentBytes);
            shard.Log.Reader.ReadSlot(victim.Segment, image);
            _ = shard.Log.Reader.CheckSummary(victim.Segment, image);
        }
        catch
        {
            buffer.Dispose();
            throw;
        }

        victim.Keep(buffer);
        victim.IsChecked = true;
    }

    private MoveResult TryMoveNext(Victim victim, out int size)
    {
        size = 0;
        using Epoch.Operation operation = Epoch.Enter();
        NativeRegion image = victim.Image(_geometry.SegmentBytes);
        if (image.IsEmpty)
        {
            return MoveResult.NotInMemory;
        }

        Segment segment = victim.Segment;
        Prefetch(segment, image, victim.Next);

        // A commit record has done its work once the segments of its batch are sealed; until then
        // this one is pinned.
        SummaryEntry entry = EntryOf(segment, image, victim.Next);
        return !entry.IsDead && (entry.Flags & RecordFlags.BatchCommit) == 0
            && MayCount(segment, entry)
            ? Move(victim, image, entry, out size)
            : MoveResult.Done;
    }

    // Buckets first; by the time that they are there, what overflows from them.
    private void Prefetch(Segment segment, NativeRegion image, int next)
    {
        int line = next + LineDistance;
        if (line < segment.Footer.RecordCount)
        {
            shard.Index.Prefetch(EntryOf(segment, image, line).Hash);
        }

        int block = next + BlockDistance;
        if (block < segment.Footer.RecordCount)
        {
            _ = shard.Index.Peek(EntryOf(segment, image, block).Hash, out _);
        }
    }

    private SummaryEntry EntryOf(Segment segment, NativeRegion image, int number)
    {
        int start = SummaryFormat.OffsetOf(_geometry.SegmentBytes, segment.Footer.RecordCount);
        return SummaryFormat.Read(
            image.Span(start + (number * SummaryFormat.EntryBytes), SummaryFormat.EntryBytes),
            segment.Footer.MinSequence);
    }

    // A record that the index does not point to is dead for good: no record comes to its place
    // before the segment is freed. So it costs neither a latch nor a checksum.
    private bool MayCount(Segment segment, in SummaryEntry entry) =>
        (entry.Flags & RecordFlags.Tombstone) != 0
        || shard.IsIndexed(entry.Hash, _geometry.PositionOf(segment.Slot, entry.Offset));

    /// <summary>Moves a record if it still counts.</summary>
    private MoveResult Move(
        Victim victim, NativeRegion image, in SummaryEntry entry, out int size)
    {
        Segment segment = victim.Segment;
        ReadOnlySpan<byte> rest =
            image.Span(entry.Offset, segment.Footer.DataEnd - entry.Offset);
        RecordView record = shard.Log.Reader.Check(segment, entry.Offset, rest);
        RecordFlags flags = record.Flags & ~RecordFlags.BatchMember;
        size = RecordFormat.SizeOf(flags, record.Key.Length, record.ValueLength);
        long address = _geometry.PositionOf(segment.Slot, entry.Offset);
        BucketWriter bucket = shard.Index.Acquire(entry.Hash);
        try
        {
            if (!MustOutlive(ref bucket, record, address, flags, victim.KeepsTombstones))
            {
                return MoveResult.Done;
            }

            if (!shard.Log.TryClaimCold(record.Sequence, size, out TailClaim claim))
            {
                return MoveResult.NoRoom;
            }

            RecordFormat.WriteBody(
                claim.Bytes, record.Sequence, flags, record.BatchId, record.Key, record.Value);
            Publish(segment, ref bucket, address, claim, flags);
            LogTail.Commit(claim);
            Step.Reached("copied");
            victim.LastCopy = claim.Segment;
            victim.LastCopyEnd = claim.Offset + claim.Size;
            _counts = _counts with { MovedBytes = _counts.MovedBytes + size };
            return MoveResult.Done;
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
        Segment segment,
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
            bucket.Replace(IndexEntry.Create(copy, SizeClass.FromLength(claim.Size)));
            claim.Segment.AddLive(claim.Size);
            segment.AddLive(-claim.Size);
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

    /// <summary>What became of an attempt to move a record.</summary>
    private enum MoveResult
    {
        /// <summary>It was moved, or need not be.</summary>
        Done,

        /// <summary>The cold tail has no room.</summary>
        NoRoom,

        /// <summary>Its segment is not in memory.</summary>
        NotInMemory,
    }
}
