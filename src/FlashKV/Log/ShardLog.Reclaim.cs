using FlashKV.Memory;
using FlashKV.Superpipe;

namespace FlashKV.Log;

/// <summary>What compaction needs of the log: the cold tail, and freeing segments.</summary>
internal sealed partial class ShardLog
{
    // Free slots beyond these give their blocks back to the medium.
    private const int MaxPrepared = 16;

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
    /// Frees a segment whose records were all moved, durably: its header is taken back first, so
    /// that no recovery finds its old versions once the tombstones that hide them are gone.
    /// </summary>
    /// <returns>false while a scan needs the segment.</returns>
    public bool TryFree(Segment segment)
    {
        if (!Allocator.TryRetire(segment))
        {
            return false;
        }

        int header = _geometry.HeaderOffsetOf(segment.Slot);
        try
        {
            WriteFreeHeader(segment, header);
            WipeEnd(segment.Slot);
        }
        catch (DeviceException exception)
        {
            // Its old versions may still be there for the next opening, so the tombstones that hide
            // them must stay: no compaction goes on after a fault.
            _store.Fault.Set(exception);
            throw new StoreFaultedException(exception);
        }

        _store.Cache.Evict(segment);
        if (Allocator.PreparedCount >= MaxPrepared)
        {
            // Header and footer are taken back by now; that they read as zeros changes nothing.
            int first = header / LogGeometry.BlockBytes;
            _lun.Transfer(new BlockTransfer(
                BlockOperation.Unmap,
                _geometry.FirstBlockOf(segment.Slot) + first,
                _geometry.SegmentBlocks - first,
                0));
            Allocator.AddBlank(segment.Slot);
        }
        else
        {
            Allocator.AddPrepared(segment.Slot);
        }

        return true;
    }

    private void WriteFreeHeader(Segment segment, int headerOffset)
    {
        using PooledBuffer buffer = _store.Buffers.Rent(LogGeometry.BlockBytes);
        (segment.Header with { Kind = SegmentKind.Free })
            .WriteBlock(buffer.Span(0, LogGeometry.BlockBytes));
        _lun.Transfer(new BlockTransfer(
            BlockOperation.Write,
            _geometry.FirstBlockOf(segment.Slot) + (headerOffset / LogGeometry.BlockBytes),
            1,
            buffer.Address,
            ForceUnitAccess: true));
    }

    // A footer or witness without its header means damage, so neither may outlive the segment.
    private void WipeEnd(int slot) =>
        _lun.Transfer(new BlockTransfer(
            BlockOperation.Write,
            _geometry.FirstBlockOf(slot) + _geometry.SegmentBlocks - 1,
            1,
            _store.Zeros.Address,
            ForceUnitAccess: true));
}
