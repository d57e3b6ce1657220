using System.Runtime.ExceptionServices;
using FlashKV.Log;
using FlashKV.Memory;
using FlashKV.Opening;
using FlashKV.Superpipe;

namespace FlashKV.Backup;

/// <summary>
/// Makes a store of a backup: puts the segments where they were, in chunks of its own, and lets the
/// ordinary recovery open them. The store gets its name when it is whole.
/// </summary>
internal sealed class RestoreRun(
    BackupDirectory directory, BackupManifest manifest, BackupOptions backup)
{
    private readonly LogGeometry _geometry = new(manifest.SegmentBytes);
    private long _segmentsDone;
    private long _bytes;

    /// <exception cref="BackupException">
    /// The destination is taken, the capacity too small, or the backup damaged.
    /// </exception>
    public void Run(
        string destination, FlashStoreOptions options, CancellationToken cancellationToken)
    {
        string path = Path.TrimEndingDirectorySeparator(Path.GetFullPath(destination));
        bool isThere = Directory.Exists(path);
        if (File.Exists(path) || (isThere && Directory.EnumerateFileSystemEntries(path).Any()))
        {
            throw new BackupException(
                path, "there is something in it, and restoring replaces nothing");
        }

        string partial = path + ".partial";
        if (Directory.Exists(partial))
        {
            Directory.Delete(partial, recursive: true);
        }

        Fill(partial, options, cancellationToken);

        // The ordinary recovery, which also makes what else belongs to a store.
        using (OpenStore.OnFile(partial, options with { OpenMode = OpenMode.OpenOrCreate }))
        {
        }

        if (isThere)
        {
            Directory.Delete(path);
        }

        Directory.Move(partial, path);
        DirectoryEntries.Flush(Path.GetDirectoryName(path) ?? path);
    }

    private void Fill(
        string partial, FlashStoreOptions options, CancellationToken cancellationToken)
    {
        using StoreDirectory files = StoreDirectory.Open(partial, OpenMode.CreateNew);
        using EmbeddedDevice device = EmbeddedDevice.Open(files.DevicePath, options.Capacity);
        using StoreLuns luns = new(device.Device, options.Attachment);
        Superblock superblock = manifest.Superblock;
        OpenStore.WriteFirst(luns, superblock);
        VirtualLun[] shards = luns.OpenShards(superblock.ShardCount);
        using var memory = new UnmanagedMemory(
            Superblock.CopyBytes + ((long)backup.MaxParallelism * 2 * manifest.SegmentBytes));
        var buffers = new BufferPool(
            memory, Math.Max(Superblock.CopyBytes, manifest.SegmentBytes));
        Grow(new ChunkDirectory(superblock, luns.Meta, shards, buffers));
        WriteAll(shards, buffers, cancellationToken);
    }

    private void Grow(ChunkDirectory chunks)
    {
        for (int shard = 0; shard < manifest.Shards.Length; shard++)
        {
            for (int chunk = manifest.ChunksOf(shard); chunk > 0; chunk--)
            {
                if (!chunks.TryGrow(shard))
                {
                    throw new BackupException(
                        directory.Path,
                        "the store that it restores needs a larger capacity than it was given");
                }
            }
        }
    }

    private void WriteAll(
        VirtualLun[] shards, BufferPool buffers, CancellationToken cancellationToken)
    {
        ParallelOptions parallel = new()
        {
            MaxDegreeOfParallelism = backup.MaxParallelism,
            CancellationToken = cancellationToken,
        };
        try
        {
            Parallel.For(0, shards.Length, parallel, shard =>
                Write(shard, shards[shard], buffers, cancellationToken));
        }
        catch (AggregateException exception)
        {
            ExceptionDispatchInfo.Throw(exception.Flatten().InnerExceptions[0]);
        }
    }

    private void Write(
        int shard, VirtualLun lun, BufferPool buffers, CancellationToken cancellationToken)
    {
        var segments = new BackupSegments(directory, manifest);
        using PooledBuffer buffer = buffers.Rent(manifest.SegmentBytes);
        foreach (BackupSegment segment in manifest.Shards[shard].Segments)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (segments.Read(shard, segment, buffer.Span(0, segment.Bytes)) is { } problem)
            {
                throw new BackupException(directory.SegmentPath(shard, segment), problem);
            }

            (int first, int blocks) =
                BackupSegment.BlocksOf(_geometry, segment.Slot, segment.End);
            lun.Transfer(new BlockTransfer(
                BlockOperation.Write,
                _geometry.FirstBlockOf(segment.Slot) + first,
                blocks,
                buffer.Address,
                ForceUnitAccess: true));
            backup.Progress?.Report(new BackupProgress(
                Interlocked.Increment(ref _segmentsDone),
                manifest.SegmentCount,
                Interlocked.Add(ref _bytes, segment.Bytes)));
        }
    }
}
