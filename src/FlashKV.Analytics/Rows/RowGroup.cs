using FlashKV.Analytics.Columns;

namespace FlashKV.Analytics.Rows;

/// <summary>Some rows, column by column.</summary>
internal sealed class RowGroup(TableSchema schema, int maxRows)
{
    /// <summary>The values of each column.</summary>
    public ColumnBuffer[] Columns { get; } =
        [.. schema.Columns.Select(column => column.CreateBuffer(maxRows))];

    public int Rows { get; private set; }

    /// <summary>The bytes in columns of text and bytes.</summary>
    public long Bytes
    {
        get
        {
            long bytes = 0;
            foreach (ColumnBuffer column in Columns)
            {
                bytes += column.Bytes;
            }

            return bytes;
        }
    }

    /// <exception cref="TableColumnException">The entry does not fit a column.</exception>
    public void Add(StoreEntry entry)
    {
        foreach (ColumnBuffer column in Columns)
        {
            column.Add(entry);
        }

        Rows++;
    }

    public void Clear()
    {
        Rows = 0;
        foreach (ColumnBuffer column in Columns)
        {
            column.Clear();
        }
    }
}
