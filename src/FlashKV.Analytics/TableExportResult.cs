namespace FlashKV.Analytics;

/// <summary>What an export has written.</summary>
/// <param name="Rows">The entries of the store, one row each.</param>
/// <param name="RowGroups">The row groups (Parquet) or record batches (Arrow).</param>
/// <param name="Files">The files; 1 for a stream.</param>
public readonly record struct TableExportResult(long Rows, long RowGroups, int Files);
