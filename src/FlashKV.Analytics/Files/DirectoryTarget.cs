using System.Globalization;
using FlashKV.Analytics.Rows;

namespace FlashKV.Analytics.Files;

/// <summary>A file for each shard, in a directory that gets its name when all are whole.</summary>
internal sealed class DirectoryTarget : ITableTarget
{
    private readonly TableReader _reader;
    private readonly CreateSink _create;
    private readonly string _directory;
    private readonly string _partial;
    private readonly string _extension;

    public DirectoryTarget(
        TableReader reader, CreateSink create, string directory, string extension)
    {
        _reader = reader;
        _create = create;
        _directory = Path.TrimEndingDirectorySeparator(Path.GetFullPath(directory));
        _partial = _directory + ".partial";
        _extension = extension;
    }

    public int FilesFor(int shards) => shards;

    public void Begin()
    {
        if (Path.Exists(_directory))
        {
            throw new IOException($"{_directory} is there already: an export replaces nothing.");
        }

        if (Directory.Exists(_partial))
        {
            Directory.Delete(_partial, recursive: true);
        }

        Directory.CreateDirectory(_partial);
    }

    public async Task WriteShardAsync(
        int shard, ShardRows rows, CancellationToken cancellationToken)
    {
        string name = string.Create(CultureInfo.InvariantCulture, $"part-{shard:D4}{_extension}");
        FileStream file = new(Path.Combine(_partial, name), FileMode.CreateNew);
        await using (file.ConfigureAwait(false))
        {
            await WriteFileAsync(file, rows, cancellationToken).ConfigureAwait(false);
            await file.FlushAsync(cancellationToken).ConfigureAwait(false);
            RandomAccess.FlushToDisk(file.SafeFileHandle);
        }
    }

    public Task CompleteAsync(CancellationToken cancellationToken)
    {
        Directory.Move(_partial, _directory);
        return Task.CompletedTask;
    }

    private async Task WriteFileAsync(
        FileStream file, ShardRows rows, CancellationToken cancellationToken)
    {
        TableSink sink = await _create(_reader.Schema, _reader.Options, file, cancellationToken)
            .ConfigureAwait(false);
        await using (sink.ConfigureAwait(false))
        {
            while (rows.Next() is { } group)
            {
                await sink.WriteAsync(group, cancellationToken).ConfigureAwait(false);
            }

            await sink.CompleteAsync(cancellationToken).ConfigureAwait(false);
        }
    }
}
