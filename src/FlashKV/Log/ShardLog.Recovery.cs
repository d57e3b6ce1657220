namespace FlashKV.Log;

/// <summary>Taking up what an earlier process left. One thread, before the shard is used.</summary>
internal sealed partial class ShardLog
{
    /// <summary>The staging slots of a kind of segment.</summary>
    public StagingSlot[] StagingSlots(SegmentKind kind) => RoomOf(kind).Slots;

    /// <summary>Takes up a segment that is whole on the device.</summary>
    public Segment AdoptSealed(in SegmentHeader header, in SegmentFooter footer)
    {
        var segment = new Segment(header) { State = SegmentState.Sealed, Footer = footer };
        Allocator.Adopt(segment);
        ContinueAt(footer.MaxSequence + 1);
        return segment;
    }

    /// <summary>
    /// Takes up an unsealed segment, whose bytes are in a staging slot and whose records end at the
    /// given place. Hot segments come in the order of their ids.
    /// </summary>
    public Segment AdoptStaged(StagingSlot slot, in SegmentHeader header, int end, int records)
    {
        TailRoom room = RoomOf(header.Kind);
        var segment = new Segment(header);
        int headerOffset = _geometry.HeaderOffsetOf(header.Slot);
        Allocator.Adopt(segment);
        if (slot.IsInUse)
        {
            slot.Adopt(segment, headerOffset);
        }
        else
        {
            slot.Activate(segment, headerOffset);
        }

        // Flushed and sealed like any other full segment; nothing more is appended to it.
        slot.Data.Word(end) = RecordFormat.EndWord;
        Step.Reached("adopted");
        room.InFlight.Enqueue(slot);
        if (header.Kind == SegmentKind.Hot)
        {
            ContinueAt(header.FirstSequence + (ulong)records);
        }

        return segment;
    }

    /// <summary>The next hot record gets this sequence number or a later one.</summary>
    public void ContinueAt(ulong sequence) =>
        _hotRoom.NextSequence = Math.Max(_hotRoom.NextSequence, sequence);

    /// <summary>
    /// Frees the slots that hold nothing, and says how far the log is durable without those that
    /// hold something. All shards have done this before the first one seals.
    /// </summary>
    /// <param name="session">The new session of the store.</param>
    public void PrepareSealing(uint session)
    {
        FreeUnused(_hotRoom);
        FreeUnused(_coldRoom);

        // A segment id is never given out twice, even if a power cut took the segment that had it.
        Allocator.SkipIds((long)session << 32);
        foreach (StagingSlot slot in _hotRoom.InFlight.Concat(_coldRoom.InFlight))
        {
            slot.Segment!.Fence = Allocator.NextSegmentId;
        }

        ulong next = _hotRoom.InFlight.TryPeek(out StagingSlot? oldest)
            ? oldest.Segment!.Header.FirstSequence
            : _hotRoom.NextSequence;
        Volatile.Write(ref _durableSequence, next - 1);
    }

    /// <summary>
    /// Flushes what was left to its end. Once all shards have, all batches are settled.
    /// </summary>
    public void FlushRecovered()
    {
        while (AdvanceFlush())
        {
            // Each turn flushes or seals something that it has not before.
        }
    }

    /// <summary>Ends recovery: seals what was left.</summary>
    /// <exception cref="CorruptStoreException">A segment cannot be sealed.</exception>
    public void FinishRecovery()
    {
        while (HasInFlight(_hotRoom) || HasInFlight(_coldRoom))
        {
            if (!AdvanceFlush())
            {
                throw new CorruptStoreException(
                    Shard, 0, "unsealed segments", "sealed", "not to be sealed");
            }
        }

        Volatile.Write(ref _durableSequence, _hotRoom.NextSequence - 1);
    }

    private static bool HasInFlight(TailRoom room)
    {
        lock (room.Lock)
        {
            return room.InFlight.Count != 0;
        }
    }

    private static void FreeUnused(TailRoom room)
    {
        foreach (StagingSlot slot in room.Slots)
        {
            if (slot.Segment is null)
            {
                slot.Clear();
                room.AddFree(slot);
            }
        }
    }
}
