namespace FlashKV;

/// <summary>Snapshots.</summary>
public sealed partial class FlashStore
{
    /// <summary>
    /// Takes a snapshot of all keys. Writers wait for the moment that it takes, which is that of the
    /// longest write under way; a compaction under way is waited for before that, a segment's worth.
    /// </summary>
    /// <param name="options">What it may cost; null for no limits.</param>
    /// <returns>The snapshot; the caller disposes it.</returns>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of its range.</exception>
    /// <exception cref="ObjectDisposedException">The store is closed.</exception>
    public StoreSnapshot CreateSnapshot(SnapshotOptions? options = null)
    {
        ThrowIfDisposed();
        options ??= new SnapshotOptions();
        options.Validate();
        return new StoreSnapshot(_core, options);
    }
}
