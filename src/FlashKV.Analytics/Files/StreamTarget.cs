using FlashKV.Analytics.Rows;

namespace FlashKV.Analytics.Files;

/// <summary>One file for all shards, which take turns by row groups.</summary>
internal sealed class StreamTarget : ITableTarget, IAsyncDisposable
{
    private readonly TableSink _sink;
    private readonly SemaphoreSlim _turn = new(1, 1);

    private StreamTarget(TableSink sink) => _sink = sink;

    public static async Task<StreamTarget> OpenAsync(
        TableReader reader,
        CreateSink create,
        Stream stream,
        CancellationToken cancellationToken) =>
        new(await create(reader.Schema, reader.Options, stream, cancellationToken)
            .ConfigureAwait(false));

    public int FilesFor(int shards) => 1;

    public void Begin()
    {
    }

    public async Task WriteShardAsync(
        int shard, ShardRows rows, CancellationToken cancellationToken)
    {
        while (rows.Next() is { } group)
        {
            await _turn.WaitAsync(cancellationToken).ConfigureAwait(false);
            try
            {
                await _sink.WriteAsync(group, cancellationToken).ConfigureAwait(false);
            }
            finally
            {
                _turn.Release();
            }
        }
    }

    public Task CompleteAsync(CancellationToken cancellationToken) =>
        _sink.CompleteAsync(cancellationToken);

    public async ValueTask DisposeAsync()
    {
        await _sink.DisposeAsync().ConfigureAwait(false);
        _turn.Dispose();
    }
}
