using System.Diagnostics;
using FlashKV.Memory;
using FlashKV.Shards;
using FlashKV.Superpipe;

namespace FlashKV.Log;

/// <summary>
/// The way from staging to the device. Whoever holds the gate sets the checksums of the records
/// that were committed since, writes their blocks through to stable storage, and seals full
/// segments.
/// </summary>
internal sealed partial class ShardLog
{
    private readonly FlushGate _gate = new();
    private readonly DurabilityWaiters _waiters = new();
    private readonly StagingSlot[] _flushing = new StagingSlot[HotSlots];

    // The flush's own, so that it works when others have used up the memory budget.
    private readonly PooledBuffer _flushBlock;
    private ulong _durableSequence;
    private int _sealed;
    private int _urgent;

    /// <summary>Every hot record up to this sequence number is on stable storage.</summary>
    public ulong DurableSequence => Volatile.Read(ref _durableSequence);

    /// <summary>Whether a segment was sealed since the last time it was asked.</summary>
    public bool TakeSealed() =>
        Volatile.Read(ref _sealed) != 0 && Interlocked.Exchange(ref _sealed, 0) != 0;

    /// <summary>Makes <see cref="TakeSealed"/> answer yes once more.</summary>
    public void AskForCompaction() => Volatile.Write(ref _sealed, 1);

    /// <summary>
    /// Whether somebody waited for a flush, or a segment was closed, since the last time it was
    /// asked.
    /// </summary>
    public bool TakeUrgent() =>
        Volatile.Read(ref _urgent) != 0 && Interlocked.Exchange(ref _urgent, 0) != 0;

    /// <summary>
    /// Returns when every hot record up to a sequence number is on stable storage. The caller is
    /// not inside an operation.
    /// </summary>
    /// <exception cref="StoreFaultedException">The store failed before, or fails now.</exception>
    public void WaitDurable(ulong sequence)
    {
        while (DurableSequence < sequence)
        {
            AdvanceFlush();
        }
    }

    /// <summary>
    /// Completes when every hot record up to a sequence number is on stable storage.
    /// </summary>
    public ValueTask WaitDurableAsync(ulong sequence, CancellationToken cancellationToken)
    {
        if (DurableSequence >= sequence)
        {
            return ValueTask.CompletedTask;
        }

        ValueTask wait = _waiters.Add(sequence, cancellationToken);
        AskForFlush();

        // A flush may have ended, or the store failed, before the waiter was in the list.
        _waiters.Complete(DurableSequence, _store.Fault.Cause);
        return wait;
    }

    /// <summary>
    /// Flushes both tails; returns when a flush that began after the call has ended.
    /// </summary>
    public void Flush()
    {
        ulong last = NextSequence - 1;
        WaitDurable(last);
    }

    /// <summary>
    /// Flushes what there is to flush, or waits until the one who is at it has done a part.
    /// </summary>
    /// <returns>false if there was nothing to be done, and nobody else at it.</returns>
    public bool AdvanceFlush() => AdvanceFlush(null);

    /// <summary>Flushes what there is to flush, unless somebody else is at it.</summary>
    public bool TryAdvanceFlush(out bool progressed) => TryAdvanceFlush(null, out progressed);

    // Who needs room at one tail does not wait for the other.
    private bool AdvanceFlush(TailRoom? only)
    {
        _store.Fault.ThrowIfSet();
        if (!TryAdvanceFlush(only, out bool progressed))
        {
            _gate.WaitForExit();
            return true;
        }

        if (!progressed)
        {
            // A record before ours is claimed but not complete: its writer needs the processor.
            Thread.Yield();
        }

        return progressed;
    }

    private bool TryAdvanceFlush(TailRoom? only, out bool progressed)
    {
        Debug.Assert(!Epoch.IsInside);
        progressed = false;
        if (!_gate.TryEnter())
        {
            return false;
        }

        try
        {
            progressed = only != _coldRoom && FlushRoom(_hotRoom);
            progressed |= only != _hotRoom && FlushRoom(_coldRoom);
        }
        catch (Exception exception)
        {
            _store.Fault.Set(exception);
            throw new StoreFaultedException(exception);
        }
        finally
        {
            _gate.Exit();
            _waiters.Complete(DurableSequence, _store.Fault.Cause);
        }

        return true;
    }

    private void AskForFlush()
    {
        Volatile.Write(ref _urgent, 1);
        _store.Work.Urgent(Shard);
    }

    // A segment that cannot be sealed yet does not hold up the flushing of the next: the batch that
    // it waits for may have its other records there. One that can be is sealed before the next is
    // flushed: a writer may wait for its staging slot.
    private bool FlushRoom(TailRoom room)
    {
        bool progressed = FreeLeft(room);
        int count;
        lock (room.Lock)
        {
            count = room.InFlight.Count;
            room.InFlight.CopyTo(_flushing, 0);
        }

        bool isClosed = true;
        for (int i = 0; i < count && isClosed; i++)
        {
            // Later slots wait for an open one: what is durable is always a prefix of the log.
            StagingSlot slot = _flushing[i];
            progressed |= FlushSlot(room, slot);
            isClosed = slot.Progress.IsClosed;
            progressed |= SealClosed(room);
        }

        if (OldestLeft(room) is not { } left)
        {
            return progressed;
        }

        if (progressed)
        {
            // Readers are not waited for; background work frees the slot soon.
            MarkDirty();
            return true;
        }

        Epoch.WaitFor(left.Progress.LeftAt);
        return FreeLeft(room);
    }

    private bool FlushSlot(TailRoom room, StagingSlot slot)
    {
        StagingProgress progress = slot.Progress;
        AdvanceFrontier(slot);
        if (progress.Frontier == progress.FlushedTo || progress.RecordCount == 0)
        {
            return false;
        }

        if (progress.IsClosed && progress.Batches.Count == 0)
        {
            WriteWithSummary(slot);
        }
        else
        {
            WriteToFrontier(slot);
            WriteWitness(slot);
        }

        progress.FlushedTo = progress.Frontier;
        slot.Segment!.FlushedTo = progress.Frontier;
        if (room.Kind == SegmentKind.Hot)
        {
            ulong first = slot.Segment.Header.FirstSequence;
            Volatile.Write(ref _durableSequence, first + (ulong)progress.RecordCount - 1);
        }

        return true;
    }

    /// <summary>
    /// Sets the checksums of the records that were committed since the last time.
    /// </summary>
    private void AdvanceFrontier(StagingSlot slot)
    {
        StagingProgress progress = slot.Progress;
        while (!progress.IsClosed)
        {
            long word = Volatile.Read(ref slot.Data.Word(progress.Frontier));
            switch (RecordFormat.StateOfWord(word))
            {
                case RecordState.Committed:
                case RecordState.Dead:
                    AddRecord(slot, RecordFormat.SizeOfWord(word));
                    break;
                case RecordState.End:
                    progress.IsClosed = true;
                    break;
                default:
                    return;
            }
        }
    }

    private void AddRecord(StagingSlot slot, int size)
    {
        StagingProgress progress = slot.Progress;
        Span<byte> bytes = slot.Data.Span(progress.Frontier, size);
        bool isRecord = RecordView.TryParse(bytes, out RecordView record);
        Debug.Assert(isRecord && record.Size == size);
        bool isDead = record.State == RecordState.Dead;
        if (record.BatchId != 0 && !isDead && slot.Segment!.Kind == SegmentKind.Hot)
        {
            // What is copied to a cold segment was sealed before, so its batch is settled.
            NoteBatch(progress, record.BatchId);
        }

        bool isCommit = (record.Flags & RecordFlags.BatchCommit) != 0;
        ulong hash = isDead ? 0 : isCommit ? record.BatchId : _store.Hasher.Hash(record.Key);
        progress.Add(new SummaryEntry(
            hash, record.Sequence, progress.Frontier, record.Flags, isDead));
        slot.Data.HalfWord(progress.Frontier) = RecordFormat.Checksum(
            bytes, RecordFormat.SeedAt(slot.Segment!.ChecksumSeed, progress.Frontier));
        Step.Reached("checksum");
        progress.Frontier += size;
    }

    private void NoteBatch(StagingProgress progress, ulong batchId)
    {
        // The registry keeps a batch until all segments with records of it are sealed.
        BatchCommit? batch = _store.Batches.Find(batchId);
        Debug.Assert(batch is not null, "A batch was forgotten too early.");
        if (batch is not null)
        {
            progress.Batches.Add(batch);
        }
    }

    /// <summary>
    /// Writes the blocks from the last flush to the frontier. The last one, which is not full yet,
    /// goes through a copy with zeros behind the frontier, so that what is written cannot change
    /// under way; it will be written again with the same bytes in front.
    /// </summary>
    private void WriteToFrontier(StagingSlot slot)
    {
        StagingProgress progress = slot.Progress;
        int first = progress.FlushedTo / LogGeometry.BlockBytes;
        int full = progress.Frontier / LogGeometry.BlockBytes;
        int rest = progress.Frontier % LogGeometry.BlockBytes;
        Span<BlockTransfer> transfers = stackalloc BlockTransfer[2];
        int count = 0;
        if (full > first)
        {
            nint address = slot.Data.Slice(
                first * LogGeometry.BlockBytes, LogGeometry.BlockBytes).Address;
            transfers[count++] = Write(slot, first, full - first, address);
        }

        if (rest != 0)
        {
            Span<byte> block = _flushBlock.Span(0, LogGeometry.BlockBytes);
            slot.Data.Span(full * LogGeometry.BlockBytes, rest).CopyTo(block);
            block[rest..].Clear();
            transfers[count++] = Write(slot, full, 1, _flushBlock.Address);
        }

        _lun.Transfer(transfers[..count]);
    }

    /// <summary>
    /// Once the header is on stable storage, puts a copy of it at the other end of the slot, until
    /// the footer takes its place: whoever finds only the copy knows that the header was lost, and
    /// does not take the segment for one that never got to the device.
    /// </summary>
    private void WriteWitness(StagingSlot slot)
    {
        StagingProgress progress = slot.Progress;
        int last = _geometry.SegmentBlocks - 1;
        bool isFirstFlush = progress.FlushedTo == _geometry.HeaderOffsetOf(slot.Segment!.Slot);
        if (isFirstFlush || progress.IsWitnessed || progress.IsClosed
            || progress.Frontier > last * LogGeometry.BlockBytes)
        {
            return;
        }

        slot.Segment.Header.WriteBlock(_flushBlock.Span(0, LogGeometry.BlockBytes));
        _lun.Transfer(Write(slot, last, 1, _flushBlock.Address));
        progress.IsWitnessed = true;
    }

    private BlockTransfer Write(StagingSlot slot, int block, int blocks, nint address) =>
        new(
            BlockOperation.Write,
            _geometry.FirstBlockOf(slot.Segment!.Slot) + block,
            blocks,
            address,
            ForceUnitAccess: true);
}
