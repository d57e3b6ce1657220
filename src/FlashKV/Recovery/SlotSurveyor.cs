using FlashKV.Log;
using FlashKV.Memory;
using FlashKV.Shards;
using FlashKV.Superpipe;

namespace FlashKV.Recovery;

/// <summary>Reads the headers and footers of all slots of a shard, many in one batch.</summary>
internal sealed class SlotSurveyor(int shard, StoreContext store, Lun lun)
{
    private const int SlotsPerBatch = 32;
    private const int BlocksPerSlot = 2;

    private readonly LogGeometry _geometry = store.Geometry;
    private readonly BlockTransfer[] _transfers = new BlockTransfer[SlotsPerBatch * BlocksPerSlot];

    public SlotSurvey[] Survey(int slotCount) => Survey([.. Enumerable.Range(0, slotCount)]);

    /// <summary>Reads those of certain slots, in their order.</summary>
    public SlotSurvey[] Survey(int[] slots)
    {
        var surveys = new SlotSurvey[slots.Length];
        using PooledBuffer buffer = store.Buffers.Rent(
            SlotsPerBatch * BlocksPerSlot * LogGeometry.BlockBytes);
        for (int first = 0; first < slots.Length; first += SlotsPerBatch)
        {
            int count = Math.Min(SlotsPerBatch, slots.Length - first);
            Read(slots.AsSpan(first, count), buffer);
            for (int i = 0; i < count; i++)
            {
                surveys[first + i] = Examine(
                    slots[first + i], Block(buffer, i, 0), Block(buffer, i, 1));
            }
        }

        return surveys;
    }

    private static Span<byte> Block(PooledBuffer buffer, int slot, int block) =>
        buffer.Span(
            ((slot * BlocksPerSlot) + block) * LogGeometry.BlockBytes, LogGeometry.BlockBytes);

    private void Read(ReadOnlySpan<int> slots, PooledBuffer buffer)
    {
        for (int i = 0; i < slots.Length; i++)
        {
            long start = _geometry.FirstBlockOf(slots[i]);
            int header = _geometry.HeaderOffsetOf(slots[i]) / LogGeometry.BlockBytes;
            nint address = buffer.Address + (i * BlocksPerSlot * LogGeometry.BlockBytes);
            _transfers[i * BlocksPerSlot] = new BlockTransfer(
                BlockOperation.Read, start + header, 1, address);
            _transfers[(i * BlocksPerSlot) + 1] = new BlockTransfer(
                BlockOperation.Read,
                start + _geometry.SegmentBlocks - 1,
                1,
                address + LogGeometry.BlockBytes);
        }

        lun.Transfer(_transfers.AsSpan(0, slots.Length * BlocksPerSlot));
    }

    private SlotSurvey Examine(int slot, Span<byte> headerBlock, Span<byte> lastBlock)
    {
        ReadOnlySpan<byte> end = lastBlock[^SegmentFooter.SizeInBytes..];
        bool hasFooter = SegmentFooter.TryReadAny(
            end, store.Store, shard, slot, _geometry.SegmentBytes, out SegmentFooter footer);
        if (!SegmentHeader.TryReadBlock(headerBlock, out SegmentHeader header, out bool isCopy)
            || header.Store != store.Store)
        {
            CheckNothingWasThere(slot, hasFooter, lastBlock);
            return default;
        }

        CheckPlace(slot, header);
        if (isCopy)
        {
            store.Warnings.Enqueue(
                $"Shard {shard}, block {HeaderBlockOf(slot)}: the segment header is damaged and "
                + "was read from its copy.");
        }

        // What is older is left from an earlier life of the slot.
        if (hasFooter && footer.SegmentId > header.SegmentId)
        {
            ThrowHeader(slot, $"of segment {footer.SegmentId}", $"of segment {header.SegmentId}");
        }

        if (header.Kind != SegmentKind.Free
            && SegmentFooter.IsDamaged(end, header, _geometry.SegmentBytes))
        {
            throw new CorruptStoreException(
                shard,
                _geometry.FirstBlockOf(slot + 1) - 1,
                "segment footer",
                $"that of segment {header.SegmentId}",
                Convert.ToHexString(end));
        }

        bool isSealed = hasFooter && footer.SegmentId == header.SegmentId;
        return new SlotSurvey(header, IsPrepared: true, isSealed ? footer : null);
    }

    /// <summary>
    /// Checks that a slot without a header holds no segment. What its end says of one was written
    /// after the header was on stable storage, and is wiped before the header goes.
    /// </summary>
    private void CheckNothingWasThere(int slot, bool hasFooter, ReadOnlySpan<byte> lastBlock)
    {
        bool hasWitness = SegmentHeader.TryReadBlock(lastBlock, out SegmentHeader witness, out _)
            && witness.Store == store.Store && witness.Shard == shard && witness.Slot == slot;
        if (hasFooter || hasWitness)
        {
            ThrowHeader(slot, "that of the segment whose end is in the slot", "none");
        }
    }

    private void CheckPlace(int slot, in SegmentHeader header)
    {
        if (header.Shard != shard || header.Slot != slot)
        {
            ThrowHeader(
                slot,
                $"of shard {shard}, slot {slot}",
                $"of shard {header.Shard}, slot {header.Slot}");
        }
    }

    private long HeaderBlockOf(int slot) =>
        _geometry.FirstBlockOf(slot) + (_geometry.HeaderOffsetOf(slot) / LogGeometry.BlockBytes);

    private void ThrowHeader(int slot, string expected, string found) =>
        throw new CorruptStoreException(
            shard, HeaderBlockOf(slot), "segment header", expected, found);
}
