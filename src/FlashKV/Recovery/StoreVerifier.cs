using FlashKV.Log;
using FlashKV.Memory;
using FlashKV.Salvage;
using FlashKV.Shards;
using FlashKV.Superpipe;

namespace FlashKV.Recovery;

/// <summary>
/// Reads every sealed segment from the device and checks everything in it: header, footer, summary
/// against records, every checksum; and that the index has as many keys as records it points to.
/// </summary>
internal sealed class StoreVerifier(StoreCore store, IProgress<VerifyProgress>? progress)
{
    private readonly List<VerifyProblem> _problems = [];
    private readonly StoreContext _context = store.Context;
    private long _segmentsTotal;
    private long _segments;
    private long _records;
    private long _keys;

    public VerifyReport Run(CancellationToken cancellationToken)
    {
        foreach (Shard shard in store.Shards)
        {
            _segmentsTotal += shard.Log.Segments.InUse().Count;
        }

        foreach (Shard shard in store.Shards)
        {
            Verify(shard, cancellationToken);
        }

        return new VerifyReport(_segments, _records, _keys, _problems);
    }

    private void Verify(Shard shard, CancellationToken cancellationToken)
    {
        lock (shard.Compactor.Gate)
        {
            ulong before = shard.Log.NextSequence;
            long keys = 0;
            foreach (Segment segment in shard.Log.Segments.InUse())
            {
                cancellationToken.ThrowIfCancellationRequested();
                keys += Verify(shard, segment);
                _segments++;
                progress?.Report(new VerifyProgress(_segments, _segmentsTotal, _records));
            }

            _keys += keys;

            // With writers at work the two are counts of different moments.
            if (before == shard.Log.NextSequence && keys != shard.Index.Count)
            {
                Add(shard, 0, $"The index has {shard.Index.Count} keys, the log {keys}.");
            }
        }
    }

    private long Verify(Shard shard, Segment segment)
    {
        using PooledBuffer buffer = _context.Buffers.Rent(_context.Geometry.SegmentBytes);
        NativeRegion image = buffer.Region.Slice(0, _context.Geometry.SegmentBytes);
        bool isSealed = segment.State == SegmentState.Sealed;
        try
        {
            if (isSealed)
            {
                shard.Log.Reader.ReadSlotFromDevice(segment.Slot, image);
                CheckFrame(shard, segment, image);
                return CheckRecords(shard, segment, image);
            }

            shard.Log.Reader.ReadSlot(segment, image);
            return CountRecords(shard, segment, image);
        }
        catch (CorruptStoreException exception)
        {
            Add(shard, exception.Lba, exception.Message);
        }
        catch (DeviceException exception)
        {
            Add(shard, _context.Geometry.FirstBlockOf(segment.Slot), exception.Message);
        }

        return 0;
    }

    private void CheckFrame(Shard shard, Segment segment, NativeRegion image)
    {
        int offset = _context.Geometry.HeaderOffsetOf(segment.Slot);
        if (!SegmentHeader.TryRead(
                image.Span(offset, LogGeometry.BlockBytes), out SegmentHeader header)
            || header != segment.Header)
        {
            long first = _context.Geometry.FirstBlockOf(segment.Slot);
            Add(shard, first, "The segment header is damaged.");
        }

        if (!SegmentFooter.TryRead(
                image.Span(image.Length - SegmentFooter.SizeInBytes, SegmentFooter.SizeInBytes),
                segment.Header,
                image.Length,
                out SegmentFooter footer)
            || footer != segment.Footer)
        {
            long last = _context.Geometry.FirstBlockOf(segment.Slot + 1) - 1;
            Add(shard, last, "The segment footer is damaged.");
        }
    }

    // By the summary, so that what is behind a damaged record is checked as well.
    private long CheckRecords(Shard shard, Segment segment, NativeRegion image)
    {
        long keys = 0;
        SegmentFooter footer = segment.Footer;
        ReadOnlySpan<byte> summary = shard.Log.Reader.CheckSummary(segment, image);
        int end = footer.DataEnd;
        for (int i = footer.RecordCount - 1; i >= 0; i--)
        {
            int offset = SummaryFormat.Read(
                summary[(i * SummaryFormat.EntryBytes)..], footer.MinSequence).Offset;
            if (offset >= end)
            {
                throw new CorruptStoreException(
                    shard.Number,
                    _context.Geometry.FirstBlockOf(segment.Slot),
                    $"offset of record {i}",
                    $"before {end}",
                    $"{offset}");
            }

            keys += CheckRecord(shard, segment, image, offset, end) ? 1 : 0;
            end = offset;
        }

        return keys;
    }

    private bool CheckRecord(
        Shard shard, Segment segment, NativeRegion image, int offset, int end)
    {
        try
        {
            RecordView record = shard.Log.Reader.Check(
                segment, offset, image.Span(offset, end - offset));
            _records++;
            return IsKey(shard, record, _context.Geometry.PositionOf(segment.Slot, offset));
        }
        catch (CorruptStoreException exception)
        {
            string? nature = BlockNature.InSegment(image.Span(0, image.Length), offset, end);
            Add(shard, exception.Lba, exception.Message + (nature is null ? "" : $" ({nature})"));
            return false;
        }
    }

    private long CountRecords(Shard shard, Segment segment, NativeRegion image)
    {
        long keys = 0;
        int offset = _context.Geometry.DataOffsetOf(segment.Slot);
        while (RecordView.TryParse(
            image.Span(offset, image.Length - offset), out RecordView record))
        {
            _records++;
            long address = _context.Geometry.PositionOf(segment.Slot, offset);
            keys += IsKey(shard, record, address) ? 1 : 0;
            offset += record.Size;
        }

        return keys;
    }

    private bool IsKey(Shard shard, in RecordView record, long address)
    {
        const RecordFlags NoKey = RecordFlags.Tombstone | RecordFlags.BatchCommit;
        using Epoch.Operation operation = Epoch.Enter();
        return record.State == RecordState.Committed && (record.Flags & NoKey) == 0
            && shard.IsIndexed(_context.Hasher.Hash(record.Key), address);
    }

    private void Add(Shard shard, long lba, string message) =>
        _problems.Add(new VerifyProblem(shard.Number, lba, message));
}
