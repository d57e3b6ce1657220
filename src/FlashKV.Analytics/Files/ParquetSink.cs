using FlashKV.Analytics.Rows;
using Parquet;
using Parquet.Schema;

namespace FlashKV.Analytics.Files;

/// <summary>A Parquet file. One that failed gets no end, so that no reader takes it for whole.</summary>
internal sealed class ParquetSink : TableSink
{
    private readonly ParquetWriter _writer;
    private readonly DataField[] _fields;

    private ParquetSink(ParquetWriter writer, DataField[] fields)
    {
        _writer = writer;
        _fields = fields;
    }

    public static async Task<TableSink> CreateAsync(
        TableSchema schema,
        TableExportOptions options,
        Stream stream,
        CancellationToken cancellationToken)
    {
        DataField[] fields =
            [.. schema.Columns.Select(column => column.CreateBuffer(0).ToParquetField())];
        ParquetOptions settings = new() { CompressionMethod = Method(options.Compression) };
        ParquetWriter writer = await ParquetWriter.CreateAsync(
            new ParquetSchema(fields), stream, settings, false, cancellationToken)
            .ConfigureAwait(false);
        return new ParquetSink(writer, fields);
    }

    public override async Task WriteAsync(RowGroup rows, CancellationToken cancellationToken)
    {
        using ParquetRowGroupWriter writer = _writer.CreateRowGroup();
        for (int i = 0; i < _fields.Length; i++)
        {
            await rows.Columns[i].WriteAsync(writer, _fields[i], cancellationToken)
                .ConfigureAwait(false);
        }

        writer.CompleteValidate();
    }

    public override async Task CompleteAsync(CancellationToken cancellationToken) =>
        await _writer.DisposeAsync().ConfigureAwait(false);

    // Disposing the writer would write the end of the file.
    public override ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private static CompressionMethod Method(TableCompression compression) => compression switch
    {
        TableCompression.None => CompressionMethod.None,
        TableCompression.Snappy => CompressionMethod.Snappy,
        _ => CompressionMethod.Zstd,
    };
}
