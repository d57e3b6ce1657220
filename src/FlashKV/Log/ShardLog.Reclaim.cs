using FlashKV.Memory;
using FlashKV.Superpipe;

namespace FlashKV.Log;

/// <summary>What compaction needs of the log: the cold tail, and freeing segments.</summary>
internal sealed partial class ShardLog
{
    // Free slots beyond these give their blocks back to the medium.
    private const int MaxPrepared = 16;

    private const int MaxFreedAtOnce = 8;

    private ulong _coldMin;
    private ulong _coldMax;
    private Segment? _coldSegment;

    /// <summary>Frees a segment by moving records, when the device is full.</summary>
    public Func<bool>? Reclaim { get; set; }

    /// <summary>
    /// Claims space at the cold tail. Only the one compaction of the shard calls, inside an
    /// operation.
    /// </summary>
    /// <param name="sequence">
    /// The sequence number of the record: a summary holds distances from the smallest in 32 bits.
    /// </param>
    /// <param name="size">The size of the record.</param>
    /// <param name="claim">The space.</param>
    public bool TryClaimCold(ulong sequence, int size, out TailClaim claim)
    {
        claim = default;
        if (Cold.Current?.Segment is not { } segment)
        {
            return false;
        }

        if (segment != _coldSegment)
        {
            _coldSegment = segment;
            _coldMin = sequence;
            _coldMax = sequence;
        }

        ulong min = Math.Min(_coldMin, sequence);
        ulong max = Math.Max(_coldMax, sequence);
        if (max - min > SummaryFormat.MaxSequenceDistance)
        {
            CloseSegment(SegmentKind.Cold);
            return false;
        }

        _coldMin = min;
        _coldMax = max;
        return Cold.TryClaim(size, out claim);
    }

    /// <summary>
    /// Holds the segments that have records, for a snapshot. Nobody writes to the shard or compacts
    /// it meanwhile.
    /// </summary>
    /// <param name="isForRecovery">
    /// Whether a recovery will go through them, which may look for the commit record of a batch in
    /// a segment that has nothing else any more: the batch pins it.
    /// </param>
    public List<Segment> HoldSegments(bool isForRecovery) => Allocator.Hold(
        segment => (segment.State != SegmentState.Emptied && !IsEmpty(segment))
            || (isForRecovery && segment.Pins != 0));

    /// <summary>
    /// The bytes that count no more and stay all the same, because snapshots hold their segments.
    /// </summary>
    public long HeldBytes() => Segments.InUse()
        .Where(static segment => segment.IsHeld)
        .Sum(segment => (long)segment.DeadBytes(_geometry));

    /// <summary>
    /// Frees segments whose records were all moved, durably: their headers are taken back first, so
    /// that no recovery finds their old versions once the tombstones that hide them are gone.
    /// </summary>
    /// <param name="emptied">The segments; those that a batch needs stay in it.</param>
    public void Free(List<Segment> emptied)
    {
        _store.Fault.ThrowIfSet();
        for (int first = 0; first < emptied.Count;)
        {
            int count = Math.Min(emptied.Count - first, MaxFreedAtOnce);
            Segment[] free = [.. emptied.GetRange(first, count).Where(Allocator.TryRetire)];
            if (free.Length != 0)
            {
                TakeBack(free);
                emptied.RemoveAll(segment => Array.IndexOf(free, segment) >= 0);
            }

            first += count - free.Length;
        }
    }

    private void TakeBack(Segment[] free)
    {
        try
        {
            WriteFreeHeaders(free);
            WipeEnds(free);
        }
        catch (DeviceException exception)
        {
            // Their old versions may still be there for the next opening, so the tombstones that
            // hide them must stay: no compaction goes on after a fault.
            _store.Fault.Set(exception);
            throw new StoreFaultedException(exception);
        }

        foreach (Segment segment in free)
        {
            _store.Cache.Evict(segment);
            GiveBack(segment.Slot);
        }
    }

    private void GiveBack(int slot)
    {
        if (Allocator.PreparedCount >= MaxPrepared)
        {
            // Header and footer are taken back by now; that they read as zeros changes nothing.
            int first = _geometry.HeaderOffsetOf(slot) / LogGeometry.BlockBytes;
            _lun.Transfer(new BlockTransfer(
                BlockOperation.Unmap,
                _geometry.FirstBlockOf(slot) + first,
                _geometry.SegmentBlocks - first,
                0));
            Allocator.AddBlank(slot);
        }
        else
        {
            Allocator.AddPrepared(slot);
        }
    }

    // An open segment that gets no record is freed by whoever closes it, held or not.
    private bool IsEmpty(Segment segment)
    {
        using Epoch.Operation operation = Epoch.Enter();
        nint image = segment.Image;
        if (segment.State != SegmentState.Staged || image == 0)
        {
            return false;
        }

        int first = _geometry.DataOffsetOf(segment.Slot);
        long word = Volatile.Read(
            ref new NativeRegion(image, _geometry.SegmentBytes).Word(first));
        return RecordFormat.StateOfWord(word) is RecordState.Empty or RecordState.End;
    }

    private void WriteFreeHeaders(params ReadOnlySpan<Segment> free)
    {
        using PooledBuffer buffer = _store.Buffers.Rent(free.Length * LogGeometry.BlockBytes);
        Span<BlockTransfer> transfers = stackalloc BlockTransfer[MaxFreedAtOnce];
        for (int i = 0; i < free.Length; i++)
        {
            int start = i * LogGeometry.BlockBytes;
            int slot = free[i].Slot;
            (free[i].Header with { Kind = SegmentKind.Free })
                .WriteBlock(buffer.Span(start, LogGeometry.BlockBytes));
            transfers[i] = WriteBlock(
                slot,
                _geometry.HeaderOffsetOf(slot) / LogGeometry.BlockBytes,
                buffer.Address + start);
        }

        _lun.Transfer(transfers[..free.Length]);
    }

    // A footer or witness without its header means damage, so neither may outlive the segment.
    private void WipeEnds(ReadOnlySpan<Segment> free)
    {
        Span<BlockTransfer> transfers = stackalloc BlockTransfer[MaxFreedAtOnce];
        for (int i = 0; i < free.Length; i++)
        {
            transfers[i] = WriteBlock(
                free[i].Slot, _geometry.SegmentBlocks - 1, _store.Zeros.Address);
        }

        _lun.Transfer(transfers[..free.Length]);
    }

    private BlockTransfer WriteBlock(int slot, int block, nint address) =>
        new(
            BlockOperation.Write,
            _geometry.FirstBlockOf(slot) + block,
            1,
            address,
            ForceUnitAccess: true);
}
