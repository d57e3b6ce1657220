using FlashKV.Analytics;
using FlashKV.Cli.Terminal;

namespace FlashKV.Cli.Export;

/// <summary>Writes a view as a table.</summary>
internal sealed class TableWriter(
    StoreView view, TableSchema schema, RecordFormat format, ToolEnvironment environment)
{
    /// <summary>Writes a file.</summary>
    /// <returns>The rows.</returns>
    /// <exception cref="TableColumnException">An entry does not fit a column.</exception>
    public long Write(Stream file, IProgressSink sink)
    {
        TableExportOptions options = new() { Progress = new Rows(sink, file) };
        Task<TableExportResult> writing = format == RecordFormat.Parquet
            ? view.WriteParquetAsync(schema, file, options, environment.Stop)
            : view.WriteArrowAsync(schema, file, options, environment.Stop);
        return writing.GetAwaiter().GetResult().Rows;
    }

    private sealed class Rows(IProgressSink sink, Stream file) : IProgress<long>
    {
        private readonly Lock _lock = new();
        private long _rows;

        public void Report(long value)
        {
            lock (_lock)
            {
                _rows = Math.Max(_rows, value);
                sink.Report(_rows, file.Position);
            }
        }
    }
}
