namespace FlashKV.Analytics;

/// <summary>How a table is written.</summary>
public sealed record TableExportOptions
{
    /// <summary>
    /// The rows of a row group (Parquet) or record batch (Arrow), 1 to 16,777,216. Each thread has
    /// one in memory.
    /// </summary>
    public int RowGroupRows { get; init; } = 1 << 16;

    /// <summary>
    /// The bytes of text and bytes columns, of all of them together, after which a row group ends
    /// even if it has fewer rows: 1 to 1 GiB.
    /// </summary>
    public int RowGroupBytes { get; init; } = 32 << 20;

    /// <summary>How many shards are read at once, at least 1.</summary>
    public int MaxParallelism { get; init; } = Environment.ProcessorCount;

    /// <summary>How the columns of a Parquet file are compressed.</summary>
    public TableCompression Compression { get; init; } = TableCompression.Snappy;

    /// <summary>
    /// Hears of the rows that were written so far, after each row group, from several threads; null
    /// for nobody.
    /// </summary>
    public IProgress<long>? Progress { get; init; }

    internal void Validate()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(RowGroupRows, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(RowGroupRows, 1 << 24);
        ArgumentOutOfRangeException.ThrowIfLessThan(RowGroupBytes, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(RowGroupBytes, 1 << 30);
        ArgumentOutOfRangeException.ThrowIfLessThan(MaxParallelism, 1);
        if (!Enum.IsDefined(Compression))
        {
            throw new ArgumentOutOfRangeException(
                nameof(Compression), Compression, "There is no such compression.");
        }
    }
}
