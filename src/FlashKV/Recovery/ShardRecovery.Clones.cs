using FlashKV.Clones;
using FlashKV.Log;
using FlashKV.Memory;

namespace FlashKV.Recovery;

/// <content>
/// A clone: the segments are those that another process holds, which goes on to write behind them;
/// there is no staging, and nothing is written.
/// </content>
internal sealed partial class ShardRecovery
{
    // At a cut no batch is open, so every record that is committed counts; and the commit record of
    // its batch may be in a segment that compaction has emptied, and nobody holds.
    private bool _isCut;

    /// <summary>Finds what the shard had of records at the cut.</summary>
    /// <exception cref="CorruptStoreException">The device does not hold it.</exception>
    public void Collect(CloneShard view)
    {
        _isCut = true;
        CloneSegment[] closed = Array.FindAll(view.Segments, static segment => segment.IsSealed);
        SlotSurvey[] surveys = new SlotSurveyor(shard.Number, store, shard.Log.Lun)
            .Survey(Array.ConvertAll(closed, static segment => segment.Slot));
        progress.Found(view.Segments.Length);
        _builder = new IndexBuilder(shard, store, CountRecords(surveys));
        for (int i = 0; i < closed.Length; i++)
        {
            AdoptSealed(closed[i], surveys[i]);
        }

        foreach (CloneSegment segment in view.Segments.Where(static segment => !segment.IsSealed)
            .OrderBy(static segment => segment.Id))
        {
            AdoptUnsealed(segment);
        }

        shard.Log.ContinueAt(view.Sequence + 1);
        if (LastSequence != view.Sequence)
        {
            throw new CorruptStoreException(
                shard.Number, 0, "last sequence number", $"{view.Sequence}", $"{LastSequence}");
        }
    }

    private void AdoptSealed(CloneSegment expected, SlotSurvey survey)
    {
        CheckIdentity(expected, survey.IsInUse ? survey.Header.SegmentId : -1);
        if (survey.Footer is not { } footer)
        {
            throw new CorruptStoreException(
                shard.Number,
                _geometry.FirstBlockOf(expected.Slot + 1) - 1,
                "segment footer",
                $"that of segment {expected.Id}",
                "none");
        }

        shard.Log.Allocator.RemoveBlank(expected.Slot);
        ReadSummary(shard.Log.AdoptSealed(survey.Header, footer), footer);
        SealedSegments++;
        progress.Read(footer.RecordCount);
    }

    // The other process may be writing behind the end, to the same block too, but then with the
    // same bytes before the end.
    private void AdoptUnsealed(CloneSegment expected)
    {
        using PooledBuffer buffer = store.Buffers.Rent(_geometry.SegmentBytes);
        int blocks = (expected.End + LogGeometry.BlockBytes - 1) / LogGeometry.BlockBytes;
        shard.Log.Reader.ReadBlocks(expected.Slot, 0, blocks, buffer.Address);
        int headerOffset = _geometry.HeaderOffsetOf(expected.Slot);
        bool hasHeader = SegmentHeader.TryReadBlock(
            buffer.Span(headerOffset, LogGeometry.BlockBytes), out SegmentHeader header, out _)
            && header.Store == store.Store && header.Shard == shard.Number
            && header.Slot == expected.Slot;
        CheckIdentity(expected, hasHeader ? header.SegmentId : -1);

        NativeRegion data = buffer.Region.Slice(0, expected.End);
        int start = _geometry.DataOffsetOf(expected.Slot);
        SegmentEnd end = SegmentScan.ScanDevice(data, start, header.ChecksumSeed);
        if (end.Offset != expected.End)
        {
            throw new CorruptStoreException(
                shard.Number,
                _geometry.FirstBlockOf(expected.Slot) + (end.Offset / LogGeometry.BlockBytes),
                "end of the records of an unsealed segment",
                $"{expected.End}",
                $"{end.Offset}");
        }

        shard.Log.Allocator.RemoveBlank(expected.Slot);
        AddRecords(Adopt(header, end), data, start, end.Offset);
        UnsealedSegments++;
        progress.Read(end.RecordCount);
    }

    // To a reader it is a sealed segment that ends at the cut. A cold one has old numbers.
    private Segment Adopt(in SegmentHeader header, SegmentEnd end) => shard.Log.AdoptSealed(
        header,
        new SegmentFooter(
            header.SegmentId,
            end.RecordCount,
            end.Offset,
            SummaryChecksum: 0,
            header.FirstSequence,
            header.Kind == SegmentKind.Hot
                ? header.FirstSequence + (ulong)end.RecordCount - 1
                : 0,
            Fence: 0));

    private void CheckIdentity(CloneSegment expected, long found)
    {
        if (found != expected.Id)
        {
            throw new CorruptStoreException(
                shard.Number,
                _geometry.FirstBlockOf(expected.Slot),
                "segment header",
                $"of segment {expected.Id}",
                found < 0 ? "none" : $"of segment {found}");
        }
    }
}
