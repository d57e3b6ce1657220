using System.Buffers.Binary;
using FlashKV.Log;
using FlashKV.Shards;

namespace FlashKV.Salvage;

/// <summary>
/// Goes through the bytes of a segment and finds every record that is whole: by its summary where
/// that is valid, else from record to record, and behind a damaged one at the next place where a
/// checksum is right.
/// </summary>
internal sealed class SegmentWalk(LogGeometry geometry, KeyHasher? hasher, ISalvageSink sink)
{
    private const RecordFlags AllFlags = RecordFlags.Tombstone | RecordFlags.BatchMember
        | RecordFlags.BatchCommit | RecordFlags.HashCollision | RecordFlags.Expires;

    /// <summary>Walks through a segment on the device.</summary>
    /// <returns>The records that were passed, dead ones included.</returns>
    public int WalkDevice(FoundSegment segment, ReadOnlySpan<byte> image)
    {
        if (segment.Footer is { } footer)
        {
            if (TryReadSummary(segment, footer, image, out SummaryEntry[] entries))
            {
                WalkEntries(segment, footer, entries, image);
                return entries.Length;
            }

            int start = SummaryFormat.OffsetOf(image.Length, footer.RecordCount);
            Lose(segment, start, "checksum of the summary", "valid",
                BlockNature.InSegment(image, start, image.Length) ?? "damaged", []);
        }

        return WalkRecords(segment, image);
    }

    /// <summary>Walks through what a process left in staging.</summary>
    /// <returns>The records that were passed, dead ones included.</returns>
    public int WalkStaging(FoundSegment segment, ReadOnlySpan<byte> image)
    {
        int count = 0;
        for (int offset = geometry.DataOffsetOf(segment.Header.Slot);
            offset <= image.Length - sizeof(long);)
        {
            uint word = BinaryPrimitives.ReadUInt32LittleEndian(
                image[(offset + RecordFormat.SizeOffset)..]);
            RecordState state = RecordFormat.StateOf(word);
            int size = RecordFormat.SizeOf(word);
            if (state is RecordState.Empty or RecordState.End)
            {
                return count;
            }

            bool isWhole = RecordView.TryParse(image[offset..], out RecordView record);
            if (!isWhole && (state != RecordState.Reserved || size > image.Length - offset
                || size < RecordFormat.HeaderBytes))
            {
                Lose(segment, offset, "chain of records in staging", "whole", "broken", null);
                return count;
            }

            if (state == RecordState.Committed)
            {
                Find(segment, record, isSettled: segment.Header.Kind == SegmentKind.Cold);
            }

            offset += size;
            count++;
        }

        return count;
    }

    private static bool TryReadSummary(
        FoundSegment segment,
        in SegmentFooter footer,
        ReadOnlySpan<byte> image,
        out SummaryEntry[] entries)
    {
        entries = new SummaryEntry[footer.RecordCount];
        int start = SummaryFormat.OffsetOf(image.Length, footer.RecordCount);
        ReadOnlySpan<byte> summary = image.Slice(
            start, footer.RecordCount * SummaryFormat.EntryBytes);
        if (Crc32C.Compute(summary, segment.Header.ChecksumSeed) != footer.SummaryChecksum)
        {
            return false;
        }

        int end = footer.DataEnd;
        for (int i = entries.Length - 1; i >= 0; i--)
        {
            entries[i] = SummaryFormat.Read(
                summary[(i * SummaryFormat.EntryBytes)..], footer.MinSequence);
            if (entries[i].Offset < LogGeometry.BlockBytes
                || end - entries[i].Offset < RecordFormat.HeaderBytes)
            {
                return false;
            }

            end = entries[i].Offset;
        }

        return true;
    }

    private void WalkEntries(
        FoundSegment segment,
        in SegmentFooter footer,
        SummaryEntry[] entries,
        ReadOnlySpan<byte> image)
    {
        for (int i = 0; i < entries.Length; i++)
        {
            SummaryEntry entry = entries[i];
            int end = i + 1 < entries.Length ? entries[i + 1].Offset : footer.DataEnd;
            if (entry.IsDead)
            {
                continue;
            }

            if (IsRecord(segment, image[..end], entry.Offset, out RecordView record))
            {
                Find(segment, record, isSettled: true);
            }
            else
            {
                LoseEntry(segment, entry, end, image);
            }
        }
    }

    private void LoseEntry(
        FoundSegment segment, in SummaryEntry entry, int end, ReadOnlySpan<byte> image)
    {
        ReadOnlySpan<byte> bytes = image[entry.Offset..end];
        string found = BlockNature.InSegment(image, entry.Offset, end)
            ?? $"0x{BinaryPrimitives.ReadUInt32LittleEndian(bytes):x8}";
        uint seed = RecordFormat.SeedAt(segment.Header.ChecksumSeed, entry.Offset);
        bool isNothing = (entry.Flags & RecordFlags.BatchCommit) != 0;
        LostRecord[] lost = isNothing ? [] :
        [
            new LostRecord(
                segment.Header.Shard,
                entry.Hash,
                entry.Sequence,
                (entry.Flags & RecordFlags.Tombstone) != 0,
                (entry.Flags & RecordFlags.HashCollision) != 0,
                KeyOf(bytes, entry.Hash)),
        ];
        Lose(segment, entry.Offset, $"checksum of the record at byte {entry.Offset}",
            $"0x{RecordFormat.Checksum(bytes, seed):x8}", found, lost);
    }

    private int WalkRecords(FoundSegment segment, ReadOnlySpan<byte> image)
    {
        int limit = segment.Footer?.DataEnd ?? image.Length;
        int offset = geometry.DataOffsetOf(segment.Header.Slot);
        int count = 0;
        while (offset < limit)
        {
            if (IsRecord(segment, image[..limit], offset, out RecordView record))
            {
                if (record.State == RecordState.Committed)
                {
                    Find(segment, record, isSettled: segment.Header.Kind == SegmentKind.Cold);
                }

                offset += record.Size;
                count++;
                continue;
            }

            int next = FindNext(segment, image[..limit], offset);
            if (next < 0 && segment.Footer is null)
            {
                // The torn end of a log that nobody closed, or its end in good order.
                return count;
            }

            next = next < 0 ? limit : next;
            Lose(segment, offset, $"records from byte {offset} to {next}", "whole",
                BlockNature.InSegment(image, offset, next) ?? "damaged", null);
            offset = next;
        }

        return count;
    }

    private static int FindNext(FoundSegment segment, ReadOnlySpan<byte> image, int offset)
    {
        for (int next = offset + RecordFormat.Alignment;
            next <= image.Length - RecordFormat.HeaderBytes;
            next += RecordFormat.Alignment)
        {
            if (IsRecord(segment, image, next, out _))
            {
                return next;
            }
        }

        return -1;
    }

    // The cheap checks come first: most places where a record could begin have none.
    private static bool IsRecord(
        FoundSegment segment, ReadOnlySpan<byte> image, int offset, out RecordView record) =>
        RecordView.TryParse(image[offset..], out record)
        && record.State is RecordState.Committed or RecordState.Dead
        && (record.Flags & ~AllFlags) == 0
        && record.HasChecksum(RecordFormat.SeedAt(segment.Header.ChecksumSeed, offset));

    // The hash in the summary says whether the key is the one that was written.
    private byte[]? KeyOf(ReadOnlySpan<byte> bytes, ulong hash) =>
        hasher is { } known && RecordView.TryParse(bytes, out RecordView record)
            && known.Hash(record.Key) == hash
            ? record.Key.ToArray()
            : null;

    private void Find(FoundSegment segment, in RecordView record, bool isSettled) =>
        sink.Found(segment, new SalvagedRecord(record, isSettled ? 0 : record.BatchId));

    private void Lose(
        FoundSegment segment,
        int offset,
        string field,
        string expected,
        string found,
        IReadOnlyList<LostRecord>? records) =>
        sink.Lost(
            new SalvageLoss
            {
                Shard = segment.Header.Shard,
                Lba = geometry.FirstBlockOf(segment.Header.Slot)
                    + (offset / LogGeometry.BlockBytes),
                SegmentId = segment.Header.SegmentId,
                Field = field,
                Expected = expected,
                Found = found,
            },
            records);
}
