using FlashKV.Analytics.Files;
using FlashKV.Analytics.Rows;

namespace FlashKV.Analytics;

/// <summary>
/// Writes a frozen view of a store as a table: one row for each key, in no order, each a row of the
/// moment at which the snapshot was taken, however long the export takes and whatever is written
/// meanwhile.
/// </summary>
/// <remarks>
/// Shards are read in parallel, and their row groups mix in a file that is one stream. The snapshot
/// stays open, and can be used beside.
/// </remarks>
public static class TableExport
{
    /// <summary>Writes one Parquet file.</summary>
    /// <param name="view">The view.</param>
    /// <param name="schema">The columns.</param>
    /// <param name="destination">
    /// Where to; it must be able to seek, and stays open. What is in it after an exception is no
    /// file.
    /// </param>
    /// <param name="options">How; null for the defaults.</param>
    /// <param name="cancellationToken">Ends the export between two row groups.</param>
    /// <returns>What was written.</returns>
    /// <exception cref="ArgumentException">An option is out of range, or an argument null.</exception>
    /// <exception cref="TableColumnException">An entry does not fit a column.</exception>
    /// <exception cref="SnapshotExpiredException">The snapshot was given up.</exception>
    /// <exception cref="CloneEndedException">The clone was given up.</exception>
    /// <exception cref="CorruptStoreException">A record is damaged.</exception>
    /// <exception cref="IOException">The stream or the device failed.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public static Task<TableExportResult> WriteParquetAsync(
        this StoreView view,
        TableSchema schema,
        Stream destination,
        TableExportOptions? options = null,
        CancellationToken cancellationToken = default) =>
        ToStreamAsync(
            view, schema, destination, options, ParquetSink.CreateAsync, cancellationToken);

    /// <summary>Writes a directory of Parquet files, one for each shard.</summary>
    /// <param name="view">The view.</param>
    /// <param name="schema">The columns.</param>
    /// <param name="directory">
    /// The directory, which must not be there: it appears when all files are whole. Until then they
    /// are in one beside it, of the same name and <c>.partial</c>, which is replaced if it is there.
    /// </param>
    /// <param name="options">How; null for the defaults.</param>
    /// <param name="cancellationToken">Ends the export between two row groups.</param>
    /// <returns>What was written.</returns>
    /// <exception cref="ArgumentException">An option is out of range, or an argument null.</exception>
    /// <exception cref="TableColumnException">An entry does not fit a column.</exception>
    /// <exception cref="SnapshotExpiredException">The snapshot was given up.</exception>
    /// <exception cref="CloneEndedException">The clone was given up.</exception>
    /// <exception cref="CorruptStoreException">A record is damaged.</exception>
    /// <exception cref="IOException">
    /// The directory is there, or it or the device failed.
    /// </exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public static Task<TableExportResult> WriteParquetAsync(
        this StoreView view,
        TableSchema schema,
        string directory,
        TableExportOptions? options = null,
        CancellationToken cancellationToken = default) =>
        ToDirectoryAsync(
            view,
            schema,
            directory,
            ".parquet",
            options,
            ParquetSink.CreateAsync,
            cancellationToken);

    /// <summary>Writes one Arrow file (IPC file format, also called Feather 2).</summary>
    /// <inheritdoc
    /// cref="WriteParquetAsync(StoreView, TableSchema, Stream, TableExportOptions, CancellationToken)"/>
    public static Task<TableExportResult> WriteArrowAsync(
        this StoreView view,
        TableSchema schema,
        Stream destination,
        TableExportOptions? options = null,
        CancellationToken cancellationToken = default) =>
        ToStreamAsync(
            view, schema, destination, options, ArrowSink.CreateAsync, cancellationToken);

    /// <summary>Writes a directory of Arrow files, one for each shard.</summary>
    /// <inheritdoc
    /// cref="WriteParquetAsync(StoreView, TableSchema, string, TableExportOptions, CancellationToken)"/>
    public static Task<TableExportResult> WriteArrowAsync(
        this StoreView view,
        TableSchema schema,
        string directory,
        TableExportOptions? options = null,
        CancellationToken cancellationToken = default) =>
        ToDirectoryAsync(
            view,
            schema,
            directory,
            ".arrow",
            options,
            ArrowSink.CreateAsync,
            cancellationToken);

    private static async Task<TableExportResult> ToStreamAsync(
        StoreView view,
        TableSchema schema,
        Stream destination,
        TableExportOptions? options,
        CreateSink create,
        CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(destination);
        TableReader reader = new(view, schema, options ?? new TableExportOptions());
        StreamTarget target = await StreamTarget
            .OpenAsync(reader, create, destination, cancellationToken).ConfigureAwait(false);
        await using (target.ConfigureAwait(false))
        {
            return await reader.ReadAllAsync(target, cancellationToken).ConfigureAwait(false);
        }
    }

    private static async Task<TableExportResult> ToDirectoryAsync(
        StoreView view,
        TableSchema schema,
        string directory,
        string extension,
        TableExportOptions? options,
        CreateSink create,
        CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(directory);
        TableReader reader = new(view, schema, options ?? new TableExportOptions());
        DirectoryTarget target = new(reader, create, directory, extension);
        return await reader.ReadAllAsync(target, cancellationToken).ConfigureAwait(false);
    }
}
