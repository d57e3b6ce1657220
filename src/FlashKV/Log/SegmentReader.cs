using System.Buffers.Binary;
using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using FlashKV.Memory;
using FlashKV.Shards;
using FlashKV.Superpipe;

namespace FlashKV.Log;

/// <summary>
/// Reads records and segments from the device. Every byte is checked before it is used.
/// </summary>
internal sealed class SegmentReader(int shard, StoreContext store, Lun lun, SegmentTable segments)
{
    private readonly LogGeometry _geometry = store.Geometry;

    /// <summary>Reads one record.</summary>
    /// <param name="segment">The segment that holds it.</param>
    /// <param name="offset">Its offset in the slot.</param>
    /// <param name="maxBytes">An upper bound of its size.</param>
    /// <param name="record">The record, in the buffer that is returned.</param>
    /// <exception cref="CorruptStoreException">It is damaged.</exception>
    public PooledBuffer ReadRecord(
        Segment segment, int offset, int maxBytes, out RecordView record)
    {
        PooledBuffer buffer = BeginRead(segment, offset, maxBytes, out BlockTransfer transfer);
        try
        {
            lun.Transfer(transfer);
            record = EndRead(segment, offset, maxBytes, buffer);
            return buffer;
        }
        catch
        {
            buffer.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Rents a buffer for the blocks of a record and names the transfer to fill it.
    /// </summary>
    public PooledBuffer BeginRead(
        Segment segment, int offset, int maxBytes, out BlockTransfer transfer)
    {
        int first = offset / LogGeometry.BlockBytes;
        int last = (EndOf(offset, maxBytes) - 1) / LogGeometry.BlockBytes;
        int blocks = last - first + 1;
        PooledBuffer buffer = store.Buffers.Rent(blocks * LogGeometry.BlockBytes);
        transfer = new BlockTransfer(
            BlockOperation.Read,
            _geometry.FirstBlockOf(segment.Slot) + first,
            blocks,
            buffer.Address);
        return buffer;
    }

    /// <summary>Finds and checks the record in a buffer that was filled.</summary>
    /// <exception cref="CorruptStoreException">It is damaged.</exception>
    public RecordView EndRead(Segment segment, int offset, int maxBytes, PooledBuffer buffer) =>
        Check(
            segment,
            offset,
            buffer.Span(offset % LogGeometry.BlockBytes, EndOf(offset, maxBytes) - offset));

    /// <summary>Reads the bytes of a whole slot, from memory where they are there.</summary>
    public void ReadSlot(Segment segment, NativeRegion destination)
    {
        Debug.Assert(destination.Length == _geometry.SegmentBytes);
        using Epoch.Operation operation = Epoch.Enter();
        Read(segment, 0, destination.Length, destination);
    }

    /// <summary>
    /// Reads the blocks with some bytes of a slot, from memory where they are there.
    /// </summary>
    /// <param name="segment">The segment; the caller is inside an operation.</param>
    /// <param name="start">The first byte, at the start of a block.</param>
    /// <param name="end">The byte behind the last one.</param>
    /// <param name="slot">Memory for a whole slot; the blocks go where they lie in it.</param>
    public void Read(Segment segment, int start, int end, NativeRegion slot)
    {
        BlockTransfer transfer = TransferOf(segment, start, end, slot);
        int length = transfer.BlockCount * LogGeometry.BlockBytes;
        nint image = segment.Image;
        if (image != 0)
        {
            new NativeRegion(image, slot.Length).Span(start, length)
                .CopyTo(slot.Span(start, length));
        }
        else
        {
            lun.Transfer(transfer);
        }
    }

    /// <summary>
    /// Begins to read the blocks with some bytes of a slot from the device, if there are command
    /// blocks enough; see <see cref="Read"/>.
    /// </summary>
    public bool TryBeginRead(
        Segment segment,
        int start,
        int end,
        NativeRegion slot,
        [NotNullWhen(true)] out PendingTransfer? pending) =>
        lun.TryBeginTransfer(new[] { TransferOf(segment, start, end, slot) }, out pending);

    /// <summary>Reads the bytes of a whole slot from the device.</summary>
    public void ReadSlotFromDevice(int slot, NativeRegion destination) =>
        ReadBlocks(slot, 0, _geometry.SegmentBlocks, destination.Address);

    /// <summary>Reads blocks of a slot.</summary>
    public void ReadBlocks(int slot, int firstBlock, int blocks, nint destination) =>
        lun.Transfer(new BlockTransfer(
            BlockOperation.Read, _geometry.FirstBlockOf(slot) + firstBlock, blocks, destination));

    /// <summary>
    /// Reads a sealed segment into a free frame of the cache, so that the next readers find it
    /// there. Does nothing if there is no room, or a record of it is damaged.
    /// </summary>
    public bool TryCache(Segment segment)
    {
        if (segment.State != SegmentState.Sealed || !store.Cache.HasRoom
            || !segment.TryBeginLoad())
        {
            return false;
        }

        if (!store.Cache.TryTakeFree(out NativeRegion frame))
        {
            segment.AllowLoad();
            return false;
        }

        try
        {
            ReadSlotFromDevice(segment.Slot, frame);
            if (segments.Find(segment.Slot) == segment && IsWhole(segment, frame))
            {
                store.Cache.Publish(segment, frame);
                return true;
            }
        }
        catch (DeviceException)
        {
            // The reader who needs the record will meet the failure and report it.
        }

        store.Cache.Return(frame);
        return false;
    }

    /// <summary>Whether every record before the end of the data has its checksum.</summary>
    public bool IsWhole(Segment segment, NativeRegion image)
    {
        int offset = _geometry.DataOffsetOf(segment.Slot);
        while (offset < segment.Footer.DataEnd)
        {
            ReadOnlySpan<byte> rest = image.Span(offset, segment.Footer.DataEnd - offset);
            if (!RecordView.TryParse(rest, out RecordView record)
                || !record.HasChecksum(RecordFormat.SeedAt(segment.ChecksumSeed, offset)))
            {
                return false;
            }

            offset += record.Size;
        }

        return true;
    }

    /// <summary>Counts the records up to the first that has not its checksum.</summary>
    /// <param name="segment">The segment.</param>
    /// <param name="bytes">The bytes of some whole records, one after the other.</param>
    /// <param name="offset">The offset in the slot at which they begin.</param>
    /// <param name="count">The records to look at.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static int CountWhole(
        Segment segment, ReadOnlySpan<byte> bytes, int offset, int count)
    {
        int whole = 0;
        while (count - whole >= 3
            && AreThreeWhole(bytes, segment.ChecksumSeed, offset, out int length))
        {
            bytes = bytes[length..];
            offset += length;
            whole += 3;
        }

        while (whole < count && RecordView.TryParse(bytes, out RecordView record)
            && record.HasChecksum(RecordFormat.SeedAt(segment.ChecksumSeed, offset)))
        {
            bytes = bytes[record.Size..];
            offset += record.Size;
            whole++;
        }

        return whole;
    }

    /// <summary>Gives the summary in the bytes of a sealed segment's slot.</summary>
    /// <exception cref="CorruptStoreException">It is damaged.</exception>
    public ReadOnlySpan<byte> CheckSummary(Segment segment, NativeRegion image)
    {
        SegmentFooter footer = segment.Footer;
        int start = SummaryFormat.OffsetOf(_geometry.SegmentBytes, footer.RecordCount);
        ReadOnlySpan<byte> summary = image.Span(
            start, footer.RecordCount * SummaryFormat.EntryBytes);
        uint checksum = Crc32C.Compute(summary, segment.ChecksumSeed);
        return checksum == footer.SummaryChecksum
            ? summary
            : throw new CorruptStoreException(
                shard,
                _geometry.FirstBlockOf(segment.Slot) + (start / LogGeometry.BlockBytes),
                "checksum of the summary",
                $"0x{footer.SummaryChecksum:x8}",
                $"0x{checksum:x8}");
    }

    /// <summary>Finds the record at an offset in the bytes of its slot, and checks it.</summary>
    /// <exception cref="CorruptStoreException">It is damaged.</exception>
    public RecordView Check(Segment segment, int offset, ReadOnlySpan<byte> bytes)
    {
        if (!RecordView.TryParse(bytes, out RecordView record))
        {
            ThrowCorrupt(segment, offset, "size of the record", "a size within the segment", "not");
        }

        uint seed = RecordFormat.SeedAt(segment.ChecksumSeed, offset);
        if (!record.HasChecksum(seed))
        {
            uint expected = RecordFormat.Checksum(record.Bytes, seed);
            uint found = BinaryPrimitives.ReadUInt32LittleEndian(record.Bytes);
            ThrowCorrupt(
                segment, offset, "checksum of the record", $"0x{expected:x8}", $"0x{found:x8}");
        }

        return record;
    }

    private BlockTransfer TransferOf(Segment segment, int start, int end, NativeRegion slot)
    {
        int first = start / LogGeometry.BlockBytes;
        int blocks = ((end - 1) / LogGeometry.BlockBytes) + 1 - first;
        Debug.Assert(start % LogGeometry.BlockBytes == 0 && blocks > 0);
        return new BlockTransfer(
            BlockOperation.Read,
            _geometry.FirstBlockOf(segment.Slot) + first,
            blocks,
            slot.Address + start);
    }

    // Three at a time: the checksum of one is a chain of instructions that wait for each other.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool AreThreeWhole(
        ReadOnlySpan<byte> bytes, uint seed, int offset, out int length)
    {
        length = 0;
        if (!RecordView.TryParse(bytes, out RecordView first)
            || !RecordView.TryParse(bytes[first.Size..], out RecordView second)
            || !RecordView.TryParse(bytes[(first.Size + second.Size)..], out RecordView third))
        {
            return false;
        }

        length = first.Size + second.Size + third.Size;
        int secondOffset = offset + first.Size;
        (uint a, uint b, uint c) = Crc32C.Compute(
            first.Bytes[RecordFormat.SizeOffset..],
            RecordFormat.SeedAt(seed, offset),
            second.Bytes[RecordFormat.SizeOffset..],
            RecordFormat.SeedAt(seed, secondOffset),
            third.Bytes[RecordFormat.SizeOffset..],
            RecordFormat.SeedAt(seed, secondOffset + second.Size));
        return a == first.Checksum && b == second.Checksum && c == third.Checksum;
    }

    private int EndOf(int offset, int maxBytes) =>
        Math.Min(offset + maxBytes, _geometry.SegmentBytes);

    private void ThrowCorrupt(
        Segment segment, int offset, string field, string expected, string found)
    {
        long lba = _geometry.FirstBlockOf(segment.Slot) + (offset / LogGeometry.BlockBytes);
        throw new CorruptStoreException(
            shard, lba, $"{field} at byte {offset % LogGeometry.BlockBytes}", expected, found);
    }
}
