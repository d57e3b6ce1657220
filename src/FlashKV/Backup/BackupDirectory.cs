using System.Globalization;
using System.IO.Hashing;
using FlashKV.Memory;

namespace FlashKV.Backup;

/// <summary>
/// A directory of backups of one store: a manifest for each, and the segments that they share, each
/// once.
/// </summary>
internal sealed class BackupDirectory : IDisposable
{
    private const string ManifestExtension = ".manifest";
    private const string SegmentExtension = ".segment";
    private const string SegmentsName = "segments";
    private const string LockName = "LOCK";
    private const string Partial = ".partial";

    private readonly FileStream _lock;

    private BackupDirectory(string path, FileStream held)
    {
        Path = path;
        _lock = held;
    }

    /// <summary>The directory.</summary>
    public string Path { get; }

    /// <summary>Opens a directory for this process alone.</summary>
    /// <exception cref="BackupException">
    /// It is not there, holds something else, or another process has it.
    /// </exception>
    public static BackupDirectory Open(string directory)
    {
        string path = System.IO.Path.GetFullPath(directory);
        if (!Directory.Exists(System.IO.Path.Combine(path, SegmentsName)))
        {
            throw new BackupException(path, "there are no backups in it");
        }

        return Lock(path);
    }

    /// <summary>Opens a directory, or makes it.</summary>
    /// <exception cref="BackupException">It holds something else, or another process has it.</exception>
    public static BackupDirectory OpenOrCreate(string directory)
    {
        string path = System.IO.Path.GetFullPath(directory);
        try
        {
            if (!Directory.Exists(System.IO.Path.Combine(path, SegmentsName)))
            {
                if (File.Exists(path)
                    || (Directory.Exists(path) && Directory.EnumerateFileSystemEntries(path).Any()))
                {
                    throw new BackupException(path, "there is something else in it");
                }

                DirectoryEntries.Create(path);
                DirectoryEntries.Create(System.IO.Path.Combine(path, SegmentsName));
            }
        }
        catch (Exception exception) when (exception is UnauthorizedAccessException)
        {
            throw new BackupException(path, exception.Message, exception);
        }

        return Lock(path);
    }

    /// <summary>The numbers of the backups, oldest first.</summary>
    public int[] Numbers() =>
    [
        .. Directory.EnumerateFiles(Path, "*" + ManifestExtension)
            .Select(static file => NumberOf(System.IO.Path.GetFileNameWithoutExtension(file)))
            .Where(static number => number > 0)
            .Order(),
    ];

    /// <summary>Reads a manifest.</summary>
    /// <exception cref="BackupException">It is not there, or damaged.</exception>
    public BackupManifest ReadManifest(int number)
    {
        string path = ManifestPath(number);
        return File.Exists(path)
            ? BackupManifestFormat.Read(File.ReadAllBytes(path), path)
            : throw new BackupException(Path, $"there is no backup {number} in it");
    }

    /// <summary>Writes the manifest of a new backup, on stable storage when it returns.</summary>
    public void WriteManifest(int number, BackupManifest manifest)
    {
        DirectoryEntries.Flush(System.IO.Path.Combine(Path, SegmentsName));
        string path = ManifestPath(number);
        using (FileStream file = new(path + Partial, FileMode.Create))
        {
            file.Write(BackupManifestFormat.Write(manifest));
            file.Flush(flushToDisk: true);
        }

        File.Move(path + Partial, path);
        DirectoryEntries.Flush(Path);
    }

    /// <summary>Takes a manifest away, but no segment.</summary>
    public void DeleteManifest(int number)
    {
        File.Delete(ManifestPath(number));
        DirectoryEntries.Flush(Path);
    }

    /// <summary>The files of segments that are there.</summary>
    public IEnumerable<string> SegmentFiles() =>
        Directory.EnumerateFiles(System.IO.Path.Combine(Path, SegmentsName));

    /// <summary>The file of a segment.</summary>
    public string SegmentPath(int shard, in BackupSegment segment) => System.IO.Path.Combine(
        Path,
        SegmentsName,
        string.Create(
            CultureInfo.InvariantCulture,
            $"{shard:d3}-{segment.Id:x16}-{segment.End:x8}-{segment.Mark:x16}{SegmentExtension}"));

    /// <summary>Writes the file of a segment, which gets its name when it is whole.</summary>
    public void WriteSegment(int shard, in BackupSegment segment, ReadOnlySpan<byte> bytes)
    {
        string path = SegmentPath(shard, segment);
        using (FileStream file = new(path + Partial, FileMode.Create, FileAccess.Write))
        {
            RandomAccess.Write(file.SafeFileHandle, bytes, 0);
        }

        File.Move(path + Partial, path, overwrite: true);
    }

    /// <summary>Brings the file of a segment to stable storage.</summary>
    public void FlushSegment(int shard, in BackupSegment segment)
    {
        using FileStream file = new(
            SegmentPath(shard, segment), FileMode.Open, FileAccess.ReadWrite);
        file.Flush(flushToDisk: true);
    }

    /// <summary>
    /// Reads the file of a segment; says what is wrong with it, or null. Its hash is the caller's
    /// to compare.
    /// </summary>
    /// <param name="shard">The shard.</param>
    /// <param name="segment">The segment.</param>
    /// <param name="bytes">Gets as many bytes as the segment has in the backup.</param>
    /// <param name="hash">The hash of what was read.</param>
    public string? ReadSegment(
        int shard, in BackupSegment segment, Span<byte> bytes, out UInt128 hash)
    {
        hash = 0;
        string path = SegmentPath(shard, segment);
        if (!File.Exists(path))
        {
            return "it is not there";
        }

        using FileStream file = new(path, FileMode.Open, FileAccess.Read);
        if (file.Length != bytes.Length)
        {
            return $"it has {file.Length} bytes instead of {bytes.Length}";
        }

        file.ReadExactly(bytes);
        hash = XxHash128.HashToUInt128(bytes);
        return null;
    }

    public void Dispose() => _lock.Dispose();

    private static BackupDirectory Lock(string path)
    {
        try
        {
            return new BackupDirectory(path, new FileStream(
                System.IO.Path.Combine(path, LockName),
                FileMode.OpenOrCreate,
                FileAccess.ReadWrite,
                FileShare.None));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new BackupException(
                path,
                $"another process has it, or it cannot be locked: {exception.Message}",
                exception);
        }
    }

    private static int NumberOf(string name) =>
        int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out int number)
            ? number
            : 0;

    private string ManifestPath(int number) => System.IO.Path.Combine(
        Path,
        string.Create(CultureInfo.InvariantCulture, $"{number:d6}{ManifestExtension}"));
}
