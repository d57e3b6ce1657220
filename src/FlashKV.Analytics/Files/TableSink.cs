using FlashKV.Analytics.Rows;

namespace FlashKV.Analytics.Files;

/// <summary>A file that is being written. One row group at a time.</summary>
internal abstract class TableSink : IAsyncDisposable
{
    /// <summary>Writes a row group; its buffers may be used again afterwards.</summary>
    public abstract Task WriteAsync(RowGroup rows, CancellationToken cancellationToken);

    /// <summary>Writes what a file ends with. Not called for one that failed.</summary>
    public abstract Task CompleteAsync(CancellationToken cancellationToken);

    /// <summary>Gives up what it holds, but not the stream.</summary>
    public abstract ValueTask DisposeAsync();
}
