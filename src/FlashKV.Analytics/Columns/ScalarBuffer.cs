using Apache.Arrow;
using Apache.Arrow.Types;
using Parquet;
using Parquet.Schema;

namespace FlashKV.Analytics.Columns;

/// <summary>Values of fixed length.</summary>
internal sealed class ScalarBuffer<T>(string name, Func<StoreEntry, T?> read, ScalarKind kind)
    : ColumnBuffer
    where T : struct
{
    private readonly List<T?> _values = [];

    public override bool IsNullable => true;

    public override IArrowType ArrowType => kind switch
    {
        ScalarKind.Int64 => Int64Type.Default,
        ScalarKind.Double => DoubleType.Default,
        ScalarKind.Boolean => BooleanType.Default,
        _ => new TimestampType(TimeUnit.Microsecond, TimeZoneInfo.Utc),
    };

    public override void Add(StoreEntry entry)
    {
        try
        {
            _values.Add(read(entry));
        }
        catch (Exception exception) when (exception is not FlashStoreException)
        {
            throw new TableColumnException(
                name, entry.Key, "its function failed: " + exception.Message, exception);
        }
    }

    public override void Clear() => _values.Clear();

    public override DataField ToParquetField() => kind == ScalarKind.Timestamp
        ? new DateTimeDataField(
            name, DateTimeFormat.DateAndTimeMicros, isAdjustedToUTC: true, isNullable: true)
        : new DataField<T?>(name);

    public override Task WriteAsync(
        ParquetRowGroupWriter writer, DataField field, CancellationToken cancellationToken) =>
        writer.WriteAsync<T>(
            field, _values.ToArray().AsMemory(), cancellationToken: cancellationToken);

    public override IArrowArray ToArrow() => _values switch
    {
        List<long?> values => Numbers(values),
        List<double?> values => Numbers(values),
        List<bool?> values => Truths(values),
        List<DateTime?> values => Moments(values),
        _ => throw new InvalidOperationException($"There is no column of {typeof(T)}."),
    };

    private static Int64Array Numbers(List<long?> values)
    {
        Int64Array.Builder builder = new();
        values.ForEach(value => builder.Append(value));
        return builder.Build();
    }

    private static DoubleArray Numbers(List<double?> values)
    {
        DoubleArray.Builder builder = new();
        values.ForEach(value => builder.Append(value));
        return builder.Build();
    }

    private static BooleanArray Truths(List<bool?> values)
    {
        BooleanArray.Builder builder = new();
        foreach (bool? value in values)
        {
            if (value is { } known)
            {
                builder.Append(known);
            }
            else
            {
                builder.AppendNull();
            }
        }

        return builder.Build();
    }

    private TimestampArray Moments(List<DateTime?> values)
    {
        TimestampArray.Builder builder = new((TimestampType)ArrowType);
        foreach (DateTime? value in values)
        {
            if (value is { } known)
            {
                builder.Append(new DateTimeOffset(DateTime.SpecifyKind(known, DateTimeKind.Utc)));
            }
            else
            {
                builder.AppendNull();
            }
        }

        return builder.Build();
    }
}
