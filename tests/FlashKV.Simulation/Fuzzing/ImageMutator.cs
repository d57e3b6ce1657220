using System.Buffers.Binary;
using FlashKV.Log;
using FlashKV.Salvage;
using FlashKV.Simulation.Disks;

namespace FlashKV.Simulation.Fuzzing;

/// <summary>
/// Changes a structure on a disk and sets its checksums anew, so that what is behind them is met.
/// </summary>
internal sealed class ImageMutator
{
    private const int SuperblockFieldBytes = 160;

    private readonly Disk _disk;
    private readonly Random _random;
    private readonly LogGeometry _geometry;
    private readonly IReadOnlyList<Placement> _chunks;
    private readonly FoundSegment[] _segments;

    public ImageMutator(Disk disk, long blockCount, Random random)
    {
        _disk = disk;
        _random = random;
        using var blocks = new DiskBlockSource(disk, blockCount, -1);
        SourceSurvey survey = SourceSurvey.Of(blocks, "");
        _geometry = new LogGeometry(survey.SegmentBytes);
        _chunks = survey.Chunks;
        _segments = [.. new SegmentFinder(blocks, survey).Find().Values];
    }

    /// <summary>Changes one structure.</summary>
    public void Mutate()
    {
        FoundSegment? segment = _segments.Length == 0
            ? null
            : _segments[_random.Next(_segments.Length)];
        switch (_random.Next(7))
        {
            case 0:
                MutateSuperblock();
                break;
            case 1:
                MutateBlock(_chunks[_random.Next(_chunks.Count)].FirstBlock, ReSealChunk);
                break;
            case 2 when segment is not null:
                MutateBlock(HeaderBlockOf(segment), ReSealHeader);
                break;
            case 3 when segment is { Footer: not null }:
                MutateFooter(segment);
                break;
            case 4 when segment is { Footer: not null }:
                MutateSummary(segment);
                break;
            case 5 when segment is { Footer: not null }:
                MutateRecord(segment);
                break;
            default:
                long[] used = [.. _disk.UsedBlocks];
                MutateBlock(used[_random.Next(used.Length)], static (_, _) => { });
                break;
        }
    }

    private long HeaderBlockOf(FoundSegment segment) => segment.DeviceBlock
        + (_geometry.HeaderOffsetOf(segment.Header.Slot) / LogGeometry.BlockBytes);

    private void MutateSuperblock()
    {
        byte[] copy = Read(Superblock.BlockOf(0), Superblock.CopyBlocks);
        ByteMutator.Mutate(copy.AsSpan(0, SuperblockFieldBytes), _random);
        int length = Math.Clamp(
            BinaryPrimitives.ReadInt32LittleEndian(copy.AsSpan(Superblock.LengthOffset)),
            Superblock.GrantsOffset,
            Superblock.CopyBytes);
        BinaryPrimitives.WriteUInt32LittleEndian(
            copy.AsSpan(Superblock.ChecksumOffset),
            Crc32C.Compute(copy.AsSpan(Superblock.LengthOffset..length)));
        Write(Superblock.BlockOf(0), copy);
        if (_random.Next(4) != 0)
        {
            Write(Superblock.BlockOf(1), copy);
        }
    }

    private void MutateBlock(long block, Action<byte[], Random> reSeal)
    {
        byte[] content = Read(block, 1);
        int length = reSeal == ReSealChunk || reSeal == ReSealHeader
            ? SegmentHeader.SizeInBytes
            : content.Length;
        ByteMutator.Mutate(content.AsSpan(0, length), _random);
        reSeal(content, _random);
        Write(block, content);
    }

    private static void ReSealChunk(byte[] block, Random random) =>
        BinaryPrimitives.WriteUInt32LittleEndian(
            block.AsSpan(ChunkHeader.ChecksumOffset),
            Crc32C.Compute(block.AsSpan(0, ChunkHeader.ChecksumOffset)));

    private static void ReSealHeader(byte[] block, Random random)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(
            block.AsSpan(SegmentHeader.ChecksumOffset),
            Crc32C.Compute(block.AsSpan(0, SegmentHeader.ChecksumOffset)));
        if (random.Next(4) != 0)
        {
            block.AsSpan(0, SegmentHeader.CopyOffset)
                .CopyTo(block.AsSpan(SegmentHeader.CopyOffset));
        }
    }

    private void MutateFooter(FoundSegment segment)
    {
        byte[] image = ReadImage(segment);
        ByteMutator.Mutate(image.AsSpan()[^SegmentFooter.SizeInBytes..], _random);
        ReSealFooter(segment, image);
        Write(segment.DeviceBlock, image);
    }

    private void MutateSummary(FoundSegment segment)
    {
        byte[] image = ReadImage(segment);
        Span<byte> summary = SummaryOf(segment, image);
        if (!summary.IsEmpty)
        {
            int entry = _random.Next(summary.Length / SummaryFormat.EntryBytes);
            ByteMutator.Mutate(
                summary.Slice(entry * SummaryFormat.EntryBytes, SummaryFormat.EntryBytes),
                _random);
            ReSealFooter(segment, image);
            Write(segment.DeviceBlock, image);
        }
    }

    private void MutateRecord(FoundSegment segment)
    {
        const int HeaderAndSome = 64;
        byte[] image = ReadImage(segment);
        SegmentFooter footer = segment.Footer!.Value;
        if (footer.RecordCount == 0)
        {
            return;
        }

        int index = _random.Next(footer.RecordCount);
        Span<byte> summary = SummaryOf(segment, image);
        int offset = OffsetOf(summary, index, footer);
        int end = index + 1 < footer.RecordCount
            ? OffsetOf(summary, index + 1, footer)
            : footer.DataEnd;
        Span<byte> record = image.AsSpan(offset..end);
        ByteMutator.Mutate(record[..Math.Min(record.Length, HeaderAndSome)], _random);
        int size = RecordFormat.SizeOf(
            BinaryPrimitives.ReadUInt32LittleEndian(record[RecordFormat.SizeOffset..]));
        int covered = size >= RecordFormat.HeaderBytes && size <= image.Length - offset
            ? size
            : record.Length;
        BinaryPrimitives.WriteUInt32LittleEndian(
            record,
            RecordFormat.Checksum(
                image.AsSpan(offset, covered),
                RecordFormat.SeedAt(segment.Header.ChecksumSeed, offset)));
        Write(segment.DeviceBlock, image);
    }

    private static int OffsetOf(
        ReadOnlySpan<byte> summary, int index, in SegmentFooter footer) =>
        SummaryFormat.Read(
            summary[(index * SummaryFormat.EntryBytes)..], footer.MinSequence).Offset;

    private static Span<byte> SummaryOf(FoundSegment segment, byte[] image)
    {
        int count = segment.Footer!.Value.RecordCount;
        return image.AsSpan(
            SummaryFormat.OffsetOf(image.Length, count), count * SummaryFormat.EntryBytes);
    }

    // The summary's checksum by the number of records that the footer now names.
    private static void ReSealFooter(FoundSegment segment, byte[] image)
    {
        Span<byte> footer = image.AsSpan()[^SegmentFooter.SizeInBytes..];
        uint seed = segment.Header.ChecksumSeed;
        int count = BinaryPrimitives.ReadInt32LittleEndian(
            footer[SegmentFooter.RecordCountOffset..]);
        long start = image.Length - SegmentFooter.SizeInBytes
            - ((long)count * SummaryFormat.EntryBytes);
        if (start >= 0 && count >= 0)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(
                footer[SegmentFooter.SummaryChecksumOffset..],
                Crc32C.Compute(
                    image.AsSpan((int)start, count * SummaryFormat.EntryBytes), seed));
        }

        BinaryPrimitives.WriteUInt32LittleEndian(
            footer[SegmentFooter.ChecksumOffset..],
            Crc32C.Compute(footer[..SegmentFooter.ChecksumOffset], seed));
    }

    private byte[] ReadImage(FoundSegment segment) =>
        Read(segment.DeviceBlock, _geometry.SegmentBlocks);

    private byte[] Read(long block, int count)
    {
        byte[] bytes = new byte[count * Disk.BlockBytes];
        for (int i = 0; i < count; i++)
        {
            _disk.Read(block + i).CopyTo(bytes.AsSpan(i * Disk.BlockBytes));
        }

        return bytes;
    }

    private void Write(long block, ReadOnlySpan<byte> bytes)
    {
        for (; !bytes.IsEmpty; block++, bytes = bytes[Disk.BlockBytes..])
        {
            if (!bytes[..Disk.BlockBytes].SequenceEqual(_disk.Read(block)))
            {
                _disk.WriteStable(block, bytes[..Disk.BlockBytes]);
            }
        }
    }
}
