using FlashKV.Log;

namespace FlashKV.Salvage;

/// <summary>
/// Finds the segments in the chunks of a device. What a damaged header said is taken from its copy,
/// from the witness in the last block, or from the footer.
/// </summary>
internal sealed class SegmentFinder(IBlockSource blocks, SourceSurvey survey)
{
    private readonly LogGeometry _geometry = new(survey.SegmentBytes);
    private readonly byte[] _header = new byte[LogGeometry.BlockBytes];
    private readonly byte[] _last = new byte[LogGeometry.BlockBytes];

    /// <summary>What is damaged of headers and footers.</summary>
    public List<SalvageLoss> Losses { get; } = [];

    /// <summary>All segments in use, by shard and slot.</summary>
    public Dictionary<(int Shard, int Slot), FoundSegment> Find()
    {
        var found = new Dictionary<(int, int), FoundSegment>();
        foreach (Placement chunk in survey.Chunks)
        {
            int slots = SlotsOnDevice(chunk);
            for (int i = 0; i < slots; i++)
            {
                int slot = (chunk.Ordinal * _geometry.SlotsPerChunk) + i;
                long block = chunk.FirstBlock + ((long)i * _geometry.SegmentBlocks);
                if (FindIn(chunk.Shard, slot, block) is { } segment)
                {
                    found[(chunk.Shard, slot)] = segment;
                }
            }
        }

        foreach (FoundSegment segment in CheckFooters([.. found.Values]))
        {
            found[(segment.Header.Shard, segment.Header.Slot)] = segment with { IsDamaged = true };
        }

        return found;
    }

    private int SlotsOnDevice(Placement chunk)
    {
        long there = Math.Clamp(
            blocks.BlockCount - chunk.FirstBlock, 0, LogGeometry.ChunkBlocks);
        if (there != LogGeometry.ChunkBlocks)
        {
            Losses.Add(new SalvageLoss
            {
                Shard = chunk.Shard,
                Lba = ((long)chunk.Ordinal * LogGeometry.ChunkBlocks) + there,
                Field = $"the blocks of chunk {chunk.Ordinal}",
                Expected = $"{LogGeometry.ChunkBlocks}",
                Found = $"{there}, since the device ends behind them",
                Records = null,
            });
        }

        return (int)((there + _geometry.SegmentBlocks - 1) / _geometry.SegmentBlocks);
    }

    private FoundSegment? FindIn(int shard, int slot, long block)
    {
        int offset = _geometry.HeaderOffsetOf(slot) / LogGeometry.BlockBytes;
        bool isRead = Read(block + offset, _header);
        bool isLastRead = Read(block + _geometry.SegmentBlocks - 1, _last);
        ReadOnlySpan<byte> end = _last.AsSpan()[^SegmentFooter.SizeInBytes..];
        bool hasFooter = SegmentFooter.TryReadAny(
            end, survey.Store, shard, slot, _geometry.SegmentBytes, out SegmentFooter footer);
        bool hasHeader = SegmentHeader.TryReadBlock(
                _header, out SegmentHeader header, out bool isCopy)
            && header.Store == survey.Store && header.Shard == shard && header.Slot == slot
            && !(hasFooter && footer.SegmentId > header.SegmentId);
        if (!hasHeader)
        {
            return WithoutHeader(shard, slot, block, isRead, hasFooter ? footer : null);
        }

        if (isCopy)
        {
            Add(header, offset, "segment header", "valid", "damaged; its copy was read", 0);
        }

        if (header.Kind == SegmentKind.Free)
        {
            return null;
        }

        bool isSealed = hasFooter && footer.SegmentId == header.SegmentId;
        bool isDamaged = !isSealed
            && (!isLastRead || SegmentFooter.IsDamaged(end, header, _geometry.SegmentBytes));
        if (isDamaged)
        {
            string what = isLastRead ? "damaged" : "unreadable";
            Add(header, _geometry.SegmentBlocks - 1, "segment footer", "valid", what, 0);
        }

        return new FoundSegment(header, isSealed ? footer : null, block, -1, isDamaged);
    }

    private FoundSegment? WithoutHeader(
        int shard, int slot, long block, bool isRead, SegmentFooter? footer)
    {
        bool hasWitness = SegmentHeader.TryReadBlock(_last, out SegmentHeader witness, out _)
            && witness.Store == survey.Store && witness.Shard == shard && witness.Slot == slot;

        // A hot segment is the one of which less is believed.
        SegmentHeader header = hasWitness ? witness : new SegmentHeader(
            survey.Store, shard, slot, SegmentKind.Hot, footer?.SegmentId ?? 0, 0);
        int offset = _geometry.HeaderOffsetOf(slot) / LogGeometry.BlockBytes;
        string found = isRead ? BlockNature.Of(_header) : "unreadable";
        if (hasWitness || footer is not null)
        {
            Add(header, offset, "segment header", "that of the segment in the slot", found, 0);
            return new FoundSegment(header, footer, block, -1, IsDamaged: true);
        }

        // A slot that was never used, or whose first flush was cut short, has nothing at its end.
        if (_last.AsSpan().ContainsAnyExcept((byte)0) || !isRead)
        {
            Add(header, offset, "segment header", "valid, or the segment's footer", found, null);
        }

        return null;
    }

    // Segments of a kind are sealed in the order of their ids.
    private List<FoundSegment> CheckFooters(IReadOnlyCollection<FoundSegment> found)
    {
        var damaged = new List<FoundSegment>();
        ILookup<(int Shard, SegmentKind Kind), FoundSegment> groups =
            found.ToLookup(static segment => (segment.Header.Shard, segment.Header.Kind));
        foreach (IGrouping<(int Shard, SegmentKind Kind), FoundSegment> group in groups)
        {
            long newest = group.Where(static segment => segment.Footer is not null)
                .Select(static segment => segment.Header.SegmentId).DefaultIfEmpty().Max();
            foreach (FoundSegment segment in group.Where(segment => segment.Footer is null
                && !segment.IsDamaged && segment.Header.SegmentId < newest))
            {
                Add(
                    segment.Header, _geometry.SegmentBlocks - 1, "segment footer",
                    "there, since a later segment has one", "missing", 0);
                damaged.Add(segment);
            }
        }

        return damaged;
    }

    private bool Read(long block, byte[] destination)
    {
        if (block < blocks.BlockCount && blocks.TryRead(block, destination))
        {
            return true;
        }

        destination.AsSpan().Clear();
        return false;
    }

    private void Add(
        in SegmentHeader header,
        int block,
        string field,
        string expected,
        string found,
        long? records) =>
        Losses.Add(new SalvageLoss
        {
            Shard = header.Shard,
            Lba = _geometry.FirstBlockOf(header.Slot) + block,
            SegmentId = header.SegmentId,
            Field = field,
            Expected = expected,
            Found = found,
            Records = records,
        });
}
