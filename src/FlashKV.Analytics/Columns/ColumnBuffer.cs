using Apache.Arrow;
using Apache.Arrow.Types;
using Parquet;
using Parquet.Schema;

namespace FlashKV.Analytics.Columns;

/// <summary>The values of one column in a row group, and how each format takes them.</summary>
internal abstract class ColumnBuffer
{
    /// <summary>The bytes of values that have no fixed length.</summary>
    public virtual long Bytes => 0;

    /// <summary>The column's type in Arrow.</summary>
    public abstract IArrowType ArrowType { get; }

    /// <summary>Whether there may be nulls.</summary>
    public abstract bool IsNullable { get; }

    /// <exception cref="TableColumnException">The entry does not fit.</exception>
    public abstract void Add(StoreEntry entry);

    public abstract void Clear();

    /// <summary>The column in a Parquet schema.</summary>
    public abstract DataField ToParquetField();

    /// <summary>Writes the values as the next column of a row group.</summary>
    public abstract Task WriteAsync(
        ParquetRowGroupWriter writer, DataField field, CancellationToken cancellationToken);

    /// <summary>The values as an array of Arrow, which copies them.</summary>
    public abstract IArrowArray ToArrow();
}
