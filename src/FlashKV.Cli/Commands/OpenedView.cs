namespace FlashKV.Cli.Commands;

/// <summary>A store that the tool has opened to read it, or a clone of one.</summary>
internal sealed class OpenedView : IDisposable
{
    private readonly FlashStore? _store;
    private readonly ClonedStore? _clone;
    private StoreView? _view;

    public OpenedView(FlashStore store) => _store = store;

    public OpenedView(ClonedStore clone) => _clone = clone;

    /// <summary>Its records.</summary>
    public StoreView View => _view ??= (StoreView?)_clone ?? _store!.CreateSnapshot();

    /// <summary>Its figures.</summary>
    public FlashStoreStatistics GetStatistics() =>
        _clone?.GetStatistics() ?? _store!.GetStatistics();

    /// <summary>Adds a backup of it to a directory.</summary>
    public BackupResult BackUp(string directory, BackupOptions options, CancellationToken stop) =>
        _clone is not null
            ? StoreBackup.Create(_clone, directory, options, stop)
            : StoreBackup.Create(_store!, directory, options, stop);

    public void Dispose()
    {
        _view?.Dispose();
        _clone?.Dispose();
        _store?.Dispose();
    }
}
