namespace FlashKV.Analytics.Rows;

/// <summary>The entries of a shard as row groups, all in the same memory, one after the other.</summary>
internal sealed class ShardRows(
    StoreScan scan, TableSchema schema, TableExportOptions options, Action<int> written)
    : IDisposable
{
    private readonly RowGroup _group = new(schema, options.RowGroupRows);

    /// <summary>The rows up to now.</summary>
    public long Rows { get; private set; }

    /// <summary>The row groups up to now.</summary>
    public long RowGroups { get; private set; }

    /// <summary>Reads entries until the row group is full or none is left.</summary>
    /// <returns>The row group, until the next call; null when there was no entry left.</returns>
    public RowGroup? Next()
    {
        if (_group.Rows != 0)
        {
            written(_group.Rows);
        }

        _group.Clear();
        while (_group.Rows < options.RowGroupRows
            && _group.Bytes < options.RowGroupBytes
            && scan.MoveNext())
        {
            _group.Add(scan.Current);
        }

        if (_group.Rows == 0)
        {
            return null;
        }

        Rows += _group.Rows;
        RowGroups++;
        return _group;
    }

    public void Dispose() => scan.Dispose();
}
