using System.Text;
using Apache.Arrow;
using Apache.Arrow.Types;
using Parquet;
using Parquet.Schema;

namespace FlashKV.Analytics.Columns;

/// <summary>Texts, some of them null.</summary>
internal sealed class TextBuffer(string name, Func<StoreEntry, string?> read) : ColumnBuffer
{
    private static readonly UTF8Encoding s_strict = new(false, throwOnInvalidBytes: true);

    private readonly List<string?> _values = [];
    private long _bytes;

    public override long Bytes => _bytes;

    public override IArrowType ArrowType => StringType.Default;

    public override bool IsNullable => true;

    public override void Add(StoreEntry entry)
    {
        try
        {
            string? value = read(entry);
            _bytes += value is null ? 0 : s_strict.GetByteCount(value);
            _values.Add(value);
        }
        catch (EncoderFallbackException exception)
        {
            throw new TableColumnException(
                name, entry.Key, "this is no text in UTF-16", exception);
        }
        catch (Exception exception) when (exception is not FlashStoreException)
        {
            throw new TableColumnException(
                name, entry.Key, "its function failed: " + exception.Message, exception);
        }
    }

    public override void Clear()
    {
        _values.Clear();
        _bytes = 0;
    }

    public override DataField ToParquetField() => new DataField<string>(name);

    public override Task WriteAsync(
        ParquetRowGroupWriter writer, DataField field, CancellationToken cancellationToken) =>
        writer.WriteAsync(field, _values);

    public override IArrowArray ToArrow()
    {
        StringArray.Builder builder = new();
        foreach (string? value in _values)
        {
            if (value is null)
            {
                builder.AppendNull();
            }
            else
            {
                builder.Append(value);
            }
        }

        return builder.Build();
    }
}
