using FlashKV.Analytics.Files;

namespace FlashKV.Analytics.Rows;

/// <summary>Reads the shards of a snapshot, some at once, into row groups.</summary>
internal sealed class TableReader
{
    private readonly StoreView _view;

    public TableReader(StoreView view, TableSchema schema, TableExportOptions options)
    {
        ArgumentNullException.ThrowIfNull(view);
        ArgumentNullException.ThrowIfNull(schema);
        options.Validate();
        _view = view;
        Schema = schema;
        Options = options;
    }

    public TableSchema Schema { get; }

    public TableExportOptions Options { get; }

    public async Task<TableExportResult> ReadAllAsync(
        ITableTarget target, CancellationToken cancellationToken)
    {
        target.Begin();
        long rows = 0;
        long groups = 0;
        long written = 0;
        ParallelOptions parallel = new()
        {
            MaxDegreeOfParallelism = Options.MaxParallelism,
            CancellationToken = cancellationToken,
        };
        int shards = _view.ShardCount;
        await Parallel.ForAsync(0, shards, parallel, ReadShardAsync).ConfigureAwait(false);
        await target.CompleteAsync(cancellationToken).ConfigureAwait(false);
        return new TableExportResult(rows, groups, target.FilesFor(shards));

        async ValueTask ReadShardAsync(int shard, CancellationToken stop)
        {
            using ShardRows source = new(_view.Scan(shard), Schema, Options, Report);
            await target.WriteShardAsync(shard, source, stop).ConfigureAwait(false);
            Interlocked.Add(ref rows, source.Rows);
            Interlocked.Add(ref groups, source.RowGroups);
        }

        void Report(int more) =>
            Options.Progress?.Report(Interlocked.Add(ref written, more));
    }
}
