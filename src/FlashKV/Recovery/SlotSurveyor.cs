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

    public SlotSurvey[] Survey(int slotCount)
    {
        var surveys = new SlotSurvey[slotCount];
        using PooledBuffer buffer = store.Buffers.Rent(
            SlotsPerBatch * BlocksPerSlot * LogGeometry.BlockBytes);
        for (int first = 0; first < slotCount; first += SlotsPerBatch)
        {
            int count = Math.Min(SlotsPerBatch, slotCount - first);
            Read(first, count, buffer);
            for (int i = 0; i < count; i++)
            {
                surveys[first + i] = Examine(
                    first + i, Block(buffer, i, 0), Block(buffer, i, 1));
            }
        }

        return surveys;
    }

    private static Span<byte> Block(PooledBuffer buffer, int slot, int block) =>
        buffer.Span(
            ((slot * BlocksPerSlot) + block) * LogGeometry.BlockBytes, LogGeometry.BlockBytes);

    private void Read(int first, int count, PooledBuffer buffer)
    {
        for (int i = 0; i < count; i++)
        {
            long start = _geometry.FirstBlockOf(first + i);
            int header = _geometry.HeaderOffsetOf(first + i) / LogGeometry.BlockBytes;
            nint address = buffer.Address + (i * BlocksPerSlot * LogGeometry.BlockBytes);
            _transfers[i * BlocksPerSlot] = new BlockTransfer(
                BlockOperation.Read, start + header, 1, address);
            _transfers[(i * BlocksPerSlot) + 1] = new BlockTransfer(
                BlockOperation.Read,
                start + _geometry.SegmentBlocks - 1,
                1,
                address + LogGeometry.BlockBytes);
        }

        lun.Transfer(_transfers.AsSpan(0, count * BlocksPerSlot));
    }

    private SlotSurvey Examine(int slot, Span<byte> headerBlock, Span<byte> lastBlock)
    {
        if (!SegmentHeader.TryRead(headerBlock, out SegmentHeader header)
            || header.Store != store.Store)
        {
            return default;
        }

        if (header.Shard != shard || header.Slot != slot)
        {
            throw new CorruptStoreException(
                shard,
                _geometry.FirstBlockOf(slot),
                "segment header",
                $"of shard {shard}, slot {slot}",
                $"of shard {header.Shard}, slot {header.Slot}");
        }

        bool isSealed = SegmentFooter.TryRead(
            lastBlock[^SegmentFooter.SizeInBytes..],
            header,
            _geometry.SegmentBytes,
            out SegmentFooter footer);
        return new SlotSurvey(header, IsPrepared: true, isSealed ? footer : null);
    }
}
