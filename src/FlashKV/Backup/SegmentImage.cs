using System.IO.Hashing;
using FlashKV.Log;

namespace FlashKV.Backup;

/// <summary>
/// Checks the bytes of a segment, from its header block on, as a backup has them: every checksum.
/// </summary>
internal static class SegmentImage
{
    /// <summary>Says what is wrong with it; null if nothing is.</summary>
    /// <param name="image">The blocks; of an unsealed segment up to its end.</param>
    /// <param name="store">The store.</param>
    /// <param name="shard">The shard.</param>
    /// <param name="segment">The segment; only its id, slot and end are looked at.</param>
    /// <param name="geometry">The geometry of the log.</param>
    public static string? FindProblem(
        ReadOnlySpan<byte> image,
        StoreId store,
        int shard,
        in BackupSegment segment,
        LogGeometry geometry)
    {
        if (!SegmentHeader.TryReadBlock(
                image[..LogGeometry.BlockBytes], out SegmentHeader header, out _)
            || header.Store != store || header.Shard != shard || header.Slot != segment.Slot
            || header.SegmentId != segment.Id)
        {
            return "the header is damaged, or another segment's";
        }

        int skipped = geometry.HeaderOffsetOf(segment.Slot);
        int end = segment.End;
        if (segment.IsSealed)
        {
            if (FindFooterProblem(image, header, geometry, out end) is { } problem)
            {
                return problem;
            }
        }

        int offset = geometry.DataOffsetOf(segment.Slot);
        while (offset < end)
        {
            ReadOnlySpan<byte> rest = image[(offset - skipped)..(end - skipped)];
            if (!RecordView.TryParse(rest, out RecordView record)
                || !record.HasChecksum(RecordFormat.SeedAt(header.ChecksumSeed, offset)))
            {
                return $"the record at byte {offset} of slot {segment.Slot} is damaged";
            }

            offset += record.Size;
        }

        return offset == end ? null : $"its records end at {offset}, not at {end}";
    }

    /// <summary>What tells a sealed segment from others of its name.</summary>
    /// <param name="headerBlock">Its header block.</param>
    /// <param name="lastBlock">Its last block, with the footer, which covers the rest.</param>
    public static ulong MarkOf(ReadOnlySpan<byte> headerBlock, ReadOnlySpan<byte> lastBlock)
    {
        var hash = new XxHash3();
        hash.Append(headerBlock);
        hash.Append(lastBlock);
        return hash.GetCurrentHashAsUInt64();
    }

    private static string? FindFooterProblem(
        ReadOnlySpan<byte> image, in SegmentHeader header, LogGeometry geometry, out int end)
    {
        end = 0;
        if (!SegmentFooter.TryRead(
            image[^SegmentFooter.SizeInBytes..],
            header,
            geometry.SegmentBytes,
            out SegmentFooter footer))
        {
            return "the footer is damaged, or another segment's";
        }

        end = footer.DataEnd;
        int summaryBytes = footer.RecordCount * SummaryFormat.EntryBytes;
        ReadOnlySpan<byte> summary = image[..^SegmentFooter.SizeInBytes][^summaryBytes..];
        return Crc32C.Compute(summary, header.ChecksumSeed) == footer.SummaryChecksum
            ? null
            : "the summary is damaged";
    }
}
