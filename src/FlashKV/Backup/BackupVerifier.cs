namespace FlashKV.Backup;

/// <summary>Reads every file that some backup of a directory needs, each once.</summary>
internal sealed class BackupVerifier(BackupDirectory directory, BackupOptions options)
{
    private readonly List<BackupProblem> _problems = [];
    private readonly HashSet<string> _seen = new(StringComparer.Ordinal);
    private byte[] _buffer = [];
    private long _done;
    private long _total;
    private long _bytes;

    public IReadOnlyList<BackupProblem> Run(CancellationToken cancellationToken)
    {
        List<(int Number, BackupManifest Manifest)> backups = [];
        foreach (int number in directory.Numbers())
        {
            try
            {
                backups.Add((number, directory.ReadManifest(number)));
            }
            catch (BackupException exception)
            {
                _problems.Add(new BackupProblem(number, exception.Path, exception.Message));
            }
        }

        _total = backups.Sum(static backup => backup.Manifest.SegmentCount);
        foreach ((int number, BackupManifest manifest) in backups)
        {
            Check(number, manifest, cancellationToken);
        }

        return _problems;
    }

    private void Check(int number, BackupManifest manifest, CancellationToken cancellationToken)
    {
        var segments = new BackupSegments(directory, manifest);
        if (_buffer.Length < manifest.SegmentBytes)
        {
            _buffer = new byte[manifest.SegmentBytes];
        }

        for (int shard = 0; shard < manifest.Shards.Length; shard++)
        {
            foreach (BackupSegment segment in manifest.Shards[shard].Segments)
            {
                cancellationToken.ThrowIfCancellationRequested();
                Check(number, shard, segment, segments);
                options.Progress?.Report(new BackupProgress(++_done, _total, _bytes));
            }
        }
    }

    private void Check(int number, int shard, in BackupSegment segment, BackupSegments segments)
    {
        string path = directory.SegmentPath(shard, segment);
        if (!_seen.Add(path))
        {
            return;
        }

        _bytes += segment.Bytes;
        if (segments.Read(shard, segment, _buffer.AsSpan(0, segment.Bytes)) is { } problem)
        {
            _problems.Add(new BackupProblem(number, path, problem));
        }
    }
}
