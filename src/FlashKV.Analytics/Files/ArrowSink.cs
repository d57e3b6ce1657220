using Apache.Arrow;
using Apache.Arrow.Ipc;
using FlashKV.Analytics.Columns;
using FlashKV.Analytics.Rows;

namespace FlashKV.Analytics.Files;

/// <summary>An Arrow file.</summary>
internal sealed class ArrowSink : TableSink
{
    private readonly Schema _schema;
    private readonly ArrowFileWriter _writer;

    private ArrowSink(Schema schema, Stream stream)
    {
        _schema = schema;
        _writer = new ArrowFileWriter(stream, schema, leaveOpen: true);
    }

    public static async Task<TableSink> CreateAsync(
        TableSchema schema,
        TableExportOptions options,
        Stream stream,
        CancellationToken cancellationToken)
    {
        ArrowSink sink = new(new Schema(schema.Columns.Select(ToField), null), stream);
        await sink._writer.WriteStartAsync(cancellationToken).ConfigureAwait(false);
        return sink;
    }

    public override async Task WriteAsync(RowGroup rows, CancellationToken cancellationToken)
    {
        using RecordBatch batch = new(
            _schema, rows.Columns.Select(static column => column.ToArrow()), rows.Rows);
        await _writer.WriteRecordBatchAsync(batch, cancellationToken).ConfigureAwait(false);
    }

    public override Task CompleteAsync(CancellationToken cancellationToken) =>
        _writer.WriteEndAsync(cancellationToken);

    public override ValueTask DisposeAsync()
    {
        _writer.Dispose();
        return ValueTask.CompletedTask;
    }

    private static Field ToField(TableColumn column)
    {
        ColumnBuffer buffer = column.CreateBuffer(0);
        return new Field(column.Name, buffer.ArrowType, buffer.IsNullable);
    }
}
