namespace FlashKV.Analytics.Files;

/// <summary>Begins a file of a format in a stream.</summary>
internal delegate Task<TableSink> CreateSink(
    TableSchema schema,
    TableExportOptions options,
    Stream stream,
    CancellationToken cancellationToken);
