using FlashKV.Log;
using FlashKV.Shards;

namespace FlashKV.Salvage;

/// <summary>
/// Reads all of a store that can be read, without changing it, and copies what counts into another.
/// The first reading judges; the second copies.
/// </summary>
internal sealed class Salvager(
    IBlockSource blocks,
    SourceSurvey survey,
    StagedSegments staged,
    IProgress<SalvageProgress>? progress,
    CancellationToken cancellationToken)
{
    private readonly LogGeometry _geometry = new(survey.SegmentBytes);
    private readonly byte[] _image = new byte[survey.SegmentBytes];
    private FoundSegment[] _segments = [];
    private SalvageJudge? _judge;
    private IReadOnlyList<SalvageLoss> _losses = [];
    private long _done;

    /// <summary>Reads everything and decides what counts.</summary>
    /// <param name="hashMask">The bits of key hashes that the store keeps.</param>
    /// <returns>What can be recovered.</returns>
    public SalvageReport Judge(ulong hashMask)
    {
        var finder = new SegmentFinder(blocks, survey);
        Dictionary<(int Shard, int Slot), FoundSegment> found = finder.Find();
        staged.AddTo(found);
        _segments = [.. found.Values
            .OrderBy(static segment => segment.Header.Shard)
            .ThenBy(static segment => segment.Header.SegmentId)];
        KeyHasher? hasher = survey.Superblock is { } superblock
            ? new KeyHasher(superblock.HashSeed, superblock.ShardCount, hashMask)
            : null;
        _judge = new SalvageJudge(survey, hasher);
        Walk(hasher, _judge);
        _losses = _judge.Judge([.. survey.Losses, .. finder.Losses, .. staged.Losses]);
        return new SalvageReport(
            _judge.Newest.CountKeys(), _segments.Length, _judge.Records, _losses);
    }

    /// <summary>Hands on what counts; after <see cref="Judge"/>, once.</summary>
    /// <param name="put">Gets each key, once, and its value.</param>
    /// <returns>The number of keys.</returns>
    public long Copy(Action<ReadOnlySpan<byte>, ReadOnlySpan<byte>> put)
    {
        var copier = new SalvageCopier(_judge!, put);
        Walk(null, copier);
        return copier.Keys;
    }

    private void Walk(KeyHasher? hasher, ISalvageSink sink)
    {
        var walk = new SegmentWalk(_geometry, hasher, sink);
        foreach (FoundSegment segment in _segments)
        {
            cancellationToken.ThrowIfCancellationRequested();
            int records = segment.StagingOffset >= 0
                ? WalkStaging(walk, segment, sink)
                : WalkDevice(walk, segment, sink);
            CheckEnd(segment, records, sink);
            progress?.Report(new SalvageProgress(
                ++_done, 2 * _segments.Length, _judge!.Records));
        }
    }

    private int WalkStaging(SegmentWalk walk, FoundSegment segment, ISalvageSink sink)
    {
        if (staged.TryRead(segment.StagingOffset, _image))
        {
            return walk.WalkStaging(segment, _image);
        }

        sink.Lost(LossOf(segment, 0, "bytes in staging", "unreadable"), null);
        return segment.DeviceBlock >= 0 ? WalkDevice(walk, segment, sink) : 0;
    }

    private int WalkDevice(SegmentWalk walk, FoundSegment segment, ISalvageSink sink)
    {
        if (!blocks.TryRead(segment.DeviceBlock, _image))
        {
            ReadEachBlock(segment, sink);
        }

        return walk.WalkDevice(segment, _image);
    }

    // What the records in an unreadable block are worth, the walk finds out.
    private void ReadEachBlock(FoundSegment segment, ISalvageSink sink)
    {
        for (int i = 0; i < _geometry.SegmentBlocks; i++)
        {
            Span<byte> block = _image.AsSpan(
                i * LogGeometry.BlockBytes, LogGeometry.BlockBytes);
            long place = segment.DeviceBlock + i;
            if (place >= blocks.BlockCount || !blocks.TryRead(place, block))
            {
                block.Clear();
                sink.Lost(LossOf(segment, i, "block", "unreadable"), []);
            }
        }
    }

    // Without a footer nothing says where the records of a sealed segment end, but where the next
    // one begins.
    private void CheckEnd(FoundSegment segment, int records, ISalvageSink sink)
    {
        if (!segment.IsDamaged || segment.Footer is not null)
        {
            return;
        }

        ulong end = segment.Header.FirstSequence + (ulong)records;
        FoundSegment? next = Array.Find(_segments, other =>
            other.Header.Kind == SegmentKind.Hot && segment.Header.Kind == SegmentKind.Hot
            && other.Header.Shard == segment.Header.Shard
            && other.Header.SegmentId > segment.Header.SegmentId);
        if (next is null || next.Header.FirstSequence != end)
        {
            string last = next is null ? "not known" : $"{next.Header.FirstSequence - 1}";
            SalvageLoss loss = LossOf(
                segment,
                _geometry.SegmentBlocks - 1,
                "last sequence number of the segment",
                $"{end - 1}");
            sink.Lost(loss with { Expected = last }, null);
        }
    }

    private SalvageLoss LossOf(FoundSegment segment, int block, string field, string found) =>
        new()
        {
            Shard = segment.Header.Shard,
            Lba = _geometry.FirstBlockOf(segment.Header.Slot) + block,
            SegmentId = segment.Header.SegmentId,
            Field = field,
            Expected = "readable",
            Found = found,
        };
}
