using System.Diagnostics;
using FlashKV.Memory;
using FlashKV.Superpipe;

namespace FlashKV.Log;

/// <summary>
/// Making room at the tails: closing full segments, opening new ones, preparing slots.
/// </summary>
internal sealed partial class ShardLog
{
    // More turns than this without room mean a defect, not load.
    private const int MaxRoomTurns = 1_000_000;

    // Whoever waits this often for another thread lets the processor go for a while.
    private const int TurnsBeforeSleep = 1_000;

    private readonly Lock _preparation = new();

    /// <summary>
    /// Returns when a record of the given size fits at the tail, though another thread may take the
    /// place. The caller is not inside an operation and holds no latch.
    /// </summary>
    /// <param name="kind">The tail.</param>
    /// <param name="size">The size of the record.</param>
    /// <param name="reserve">The prepared slots that must be left.</param>
    /// <exception cref="StoreFullException">The device has no room for another segment.</exception>
    /// <exception cref="StoreFaultedException">The store failed before, or fails now.</exception>
    public void EnsureRoom(SegmentKind kind, int size, int reserve)
    {
        Debug.Assert(!Epoch.IsInside);
        Debug.Assert(size <= _geometry.MaxRecordBytes);
        TailRoom room = RoomOf(kind);
        SpinWait spin = default;
        for (int turn = 0; turn < MaxRoomTurns; turn++)
        {
            _store.Fault.ThrowIfSet();
            if (room.Tail.Fits(size) || TryOpenNext(room, size, reserve, out bool needsSlot))
            {
                return;
            }

            if (needsSlot)
            {
                AdvanceFlush(room);
                spin.SpinOnce(TurnsBeforeSleep);
            }
            else if (!TryPrepare() && !(kind == SegmentKind.Hot && Reclaim?.Invoke() == true))
            {
                throw new StoreFullException(Shard, HeldBytes());
            }
        }

        throw new InvalidOperationException($"Shard {Shard} made no room in {MaxRoomTurns} turns.");
    }

    /// <summary>
    /// Makes one more slot ready for use: writes a blank one, or grows the LUN first if none is
    /// left.
    /// </summary>
    /// <returns>false if the device is full.</returns>
    public bool TryPrepare()
    {
        lock (_preparation)
        {
            int slot;
            while (!Allocator.TryTakeBlank(out slot))
            {
                if (!_chunks.TryGrow(Shard))
                {
                    return false;
                }
            }

            try
            {
                WriteZeros(slot);
            }
            catch (DeviceException exception) when (exception.IsOutOfSpace)
            {
                Allocator.AddBlank(slot);
                return false;
            }
            catch (IOException exception)
            {
                _store.Fault.Set(exception);
                throw new StoreFaultedException(exception);
            }

            Allocator.AddPrepared(slot);
            return true;
        }
    }

    /// <summary>
    /// Makes slots ready before they are needed, once the shard is in use at all.
    /// </summary>
    public void PrepareAhead()
    {
        while (Segments.Length != 0
            && Allocator.PreparedCount < SegmentAllocator.PreparedTarget
            && TryPrepare())
        {
        }
    }

    /// <summary>Closes the open segment of a tail, so that it will be sealed.</summary>
    public void CloseSegment(SegmentKind kind)
    {
        TailRoom room = RoomOf(kind);
        lock (room.Lock)
        {
            if (!room.Tail.IsClosed)
            {
                CloseUnsynchronized(room);
            }
        }
    }

    /// <summary>
    /// Closes and seals both tails, so that the next opening finds all that there is under a
    /// checksum. Nobody writes to the shard any more.
    /// </summary>
    /// <exception cref="StoreFaultedException">The store failed before, or fails now.</exception>
    public void SealTails()
    {
        CloseSegment(SegmentKind.Hot);
        CloseSegment(SegmentKind.Cold);
        while (HasInFlight(_hotRoom) || HasInFlight(_coldRoom))
        {
            AdvanceFlush();
        }
    }

    private void CloseUnsynchronized(TailRoom room)
    {
        Segment segment = room.Tail.Current!.Segment!;
        int records = room.Tail.Close();
        segment.Fence = Allocator.NextSegmentId;
        room.NextSequence = segment.Header.FirstSequence + (ulong)records;
    }

    private bool TryOpenNext(TailRoom room, int size, int reserve, out bool needsSlot)
    {
        lock (room.Lock)
        {
            needsSlot = false;
            if (room.Tail.Fits(size))
            {
                return true;
            }

            if (!room.Tail.IsClosed)
            {
                CloseUnsynchronized(room);
                AskForFlush();
            }

            if (!room.HasFreeSlot)
            {
                needsSlot = true;
                return false;
            }

            Segment? segment = Allocator.TryCreate(
                reserve, _store.Store, Shard, room.Kind, room.NextSequence);
            if (segment is not null)
            {
                OpenUnsynchronized(room, segment);
            }

            return segment is not null;
        }
    }

    private void OpenUnsynchronized(TailRoom room, Segment segment)
    {
        StagingSlot slot = room.TakeFree();
        slot.Activate(segment, _geometry.HeaderOffsetOf(segment.Slot));
        room.InFlight.Enqueue(slot);
        room.Tail.Open(slot, _geometry.DataOffsetOf(segment.Slot), recordCount: 0);
        _store.Work.Upkeep(Shard);
    }

    private void WriteZeros(int slot)
    {
        int first = _geometry.HeaderOffsetOf(slot) / LogGeometry.BlockBytes;
        _lun.Transfer(new BlockTransfer(
            BlockOperation.Write,
            _geometry.FirstBlockOf(slot) + first,
            _geometry.SegmentBlocks - first,
            _store.Zeros.Address));
    }
}
