using System.IO.Hashing;
using FlashKV.Log;
using FlashKV.Memory;

namespace FlashKV.Backup;

/// <summary>
/// Makes a backup: copies the segments of a view that the directory does not have yet, then writes
/// the manifest. What an interrupted one has copied, the next one finds.
/// </summary>
internal sealed class BackupRun
{
    private readonly BackupSource _source;
    private readonly BackupDirectory _directory;
    private readonly BackupOptions _options;
    private readonly BackupManifest _view;
    private readonly LogGeometry _geometry;
    private readonly Dictionary<string, BackupSegment> _known = new(StringComparer.Ordinal);
    private readonly int _number;
    private long _segmentsDone;
    private long _bytesCopied;
    private long _segmentsCopied;

    public BackupRun(BackupSource source, BackupDirectory directory, BackupOptions options)
    {
        _source = source;
        _directory = directory;
        _options = options;
        _view = source.Describe();
        _geometry = new LogGeometry(_view.SegmentBytes);
        int[] numbers = directory.Numbers();
        _number = numbers.Length == 0 ? 1 : numbers[^1] + 1;
        if (numbers.Length != 0)
        {
            Know(directory.ReadManifest(numbers[^1]));
        }
    }

    public BackupResult Run(CancellationToken cancellationToken)
    {
        var shards = new BackupShard[_view.Shards.Length];
        ParallelOptions parallel = new()
        {
            MaxDegreeOfParallelism = _options.MaxParallelism,
            CancellationToken = cancellationToken,
        };
        try
        {
            Parallel.For(0, shards.Length, parallel, shard =>
                shards[shard] = Copy(shard, _view.Shards[shard], cancellationToken));
        }
        catch (AggregateException exception)
        {
            // The first of them tells most; the others ended because of it, or in the same way.
            System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(
                exception.Flatten().InnerExceptions[0]);
        }

        BackupManifest manifest = _view with { Shards = shards };
        _directory.WriteManifest(_number, manifest);
        return new BackupResult(
            _number, manifest.SegmentCount, manifest.Bytes, _segmentsCopied, _bytesCopied);
    }

    private void Know(BackupManifest manifest)
    {
        if (manifest.Store != _view.Store)
        {
            throw new BackupException(
                _directory.Path,
                $"it has backups of the store {manifest.Store}, and this one is {_view.Store}");
        }

        for (int shard = 0; shard < manifest.Shards.Length; shard++)
        {
            foreach (BackupSegment segment in manifest.Shards[shard].Segments)
            {
                _known[_directory.SegmentPath(shard, segment)] = segment;
            }
        }
    }

    private BackupShard Copy(int shard, BackupShard view, CancellationToken cancellationToken)
    {
        var segments = new BackupSegment[view.Segments.Length];
        var copied = new List<BackupSegment>();
        using PooledBuffer buffer = _source.RentSegment();
        for (int i = 0; i < segments.Length; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (!TryReuse(shard, view.Segments[i], buffer, out segments[i]))
            {
                segments[i] = Copy(shard, view.Segments[i], buffer, copied);
            }

            Report();
        }

        // Most of their bytes are on the device by now.
        copied.ForEach(segment => _directory.FlushSegment(shard, segment));
        return new BackupShard(view.Sequence, segments);
    }

    // A sealed segment never changes, so its first and last block tell whether it is there.
    private bool TryReuse(
        int shard, in BackupSegment wanted, PooledBuffer buffer, out BackupSegment reused)
    {
        reused = wanted;
        if (!wanted.IsSealed)
        {
            return false;
        }

        (int first, int blocks) = BackupSegment.BlocksOf(_geometry, wanted.Slot, wanted.End);
        nint second = buffer.Address + LogGeometry.BlockBytes;
        _source.ReadBlocks(shard, wanted.Slot, first, 1, buffer.Address);
        _source.ReadBlocks(shard, wanted.Slot, first + blocks - 1, 1, second);
        BackupSegment named = wanted with
        {
            Bytes = blocks * LogGeometry.BlockBytes,
            Mark = SegmentImage.MarkOf(
                buffer.Span(0, LogGeometry.BlockBytes),
                buffer.Span(LogGeometry.BlockBytes, LogGeometry.BlockBytes)),
        };
        string path = _directory.SegmentPath(shard, named);
        if (_known.TryGetValue(path, out reused) && File.Exists(path))
        {
            return true;
        }

        return File.Exists(path) && TryResume(shard, named, buffer, out reused);
    }

    // Left by a backup that did not come to its end: no manifest vouches for it.
    private bool TryResume(
        int shard, in BackupSegment named, PooledBuffer buffer, out BackupSegment resumed)
    {
        Span<byte> image = buffer.Span(0, named.Bytes);
        string? problem = _directory.ReadSegment(shard, named, image, out UInt128 hash)
            ?? SegmentImage.FindProblem(image, _view.Store, shard, named, _geometry);
        resumed = named with { Hash = hash };
        if (problem is null)
        {
            _directory.FlushSegment(shard, resumed);
        }

        return problem is null;
    }

    private BackupSegment Copy(
        int shard, in BackupSegment wanted, PooledBuffer buffer, List<BackupSegment> copied)
    {
        (int first, int blocks) = BackupSegment.BlocksOf(_geometry, wanted.Slot, wanted.End);
        _source.ReadBlocks(shard, wanted.Slot, first, blocks, buffer.Address);
        Span<byte> image = buffer.Span(0, blocks * LogGeometry.BlockBytes);
        if (!wanted.IsSealed)
        {
            // The store may have written on behind the moment of the backup.
            int end = wanted.End - (first * LogGeometry.BlockBytes);
            image[end..].Clear();
        }

        _source.ThrowIfEnded(shard);
        if (SegmentImage.FindProblem(image, _view.Store, shard, wanted, _geometry) is { } problem)
        {
            throw new CorruptStoreException(
                shard, _geometry.FirstBlockOf(wanted.Slot), "segment", "whole", problem);
        }

        UInt128 hash = XxHash128.HashToUInt128(image);
        BackupSegment segment = wanted with
        {
            Bytes = image.Length,
            Hash = hash,
            Mark = wanted.IsSealed
                ? SegmentImage.MarkOf(
                    image[..LogGeometry.BlockBytes], image[^LogGeometry.BlockBytes..])
                : (ulong)hash,
        };
        string path = _directory.SegmentPath(shard, segment);
        if (_known.ContainsKey(path) && File.Exists(path))
        {
            // Unsealed, and nothing was written to it since.
            return segment;
        }

        _directory.WriteSegment(shard, segment, image);
        copied.Add(segment);
        Interlocked.Increment(ref _segmentsCopied);
        Interlocked.Add(ref _bytesCopied, image.Length);
        return segment;
    }

    private void Report() => _options.Progress?.Report(new BackupProgress(
        Interlocked.Increment(ref _segmentsDone),
        _view.SegmentCount,
        Interlocked.Read(ref _bytesCopied)));
}
