using FlashKV.Clones;
using FlashKV.Snapshots;

namespace FlashKV;

/// <summary>
/// The store of another process as it was at one moment, read from the same flash: see
/// <see cref="FlashStore.OpenClone(ClonedStoreOptions)"/>. It has no way to write; the driver, the
/// adapter and the system refuse a write as well.
/// </summary>
/// <remarks>
/// <para>
/// Any number of threads may read it. Index and cache are this process's own. The process that has
/// the store open holds the segments of the moment until this is disposed or the process ends.
/// </para>
/// <para>
/// When the store takes it back, closes, or its process ends, reads under way end well, and later
/// ones throw <see cref="CloneEndedException"/>. It is noticed without a read as well: see
/// <see cref="Ended"/>.
/// </para>
/// </remarks>
public sealed class ClonedStore : StoreView
{
    private readonly OpenClone _open;

    internal ClonedStore(OpenClone open)
        : base(open.Core.Context, open.Cut) => _open = open;

    /// <summary>The directory of the store.</summary>
    public string StoreDirectory => _open.View.Place.Directory;

    /// <inheritdoc/>
    public override DateTimeOffset CreatedAt =>
        DateTimeOffset.FromUnixTimeMilliseconds(_open.View.CreatedMilliseconds);

    /// <summary>When the store will give it up; null for never.</summary>
    public DateTimeOffset? ExpiresAt => _open.View.ExpiresMilliseconds == 0
        ? null
        : DateTimeOffset.FromUnixTimeMilliseconds(_open.View.ExpiresMilliseconds);

    /// <summary>What has ended it; null while it can be read.</summary>
    public CloneEnd? Ended => _open.Ended;

    /// <summary>Figures of the clone: of its moment, and of the memory of this process.</summary>
    /// <returns>The figures.</returns>
    /// <exception cref="ObjectDisposedException">It is closed.</exception>
    public FlashStoreStatistics GetStatistics()
    {
        ObjectDisposedException.ThrowIf(Cut.Ended == CutEnd.Disposed, this);
        return FlashStore.GetStatistics(_open.Core) with
        {
            Snapshots = 0,
            SnapshotHeldBytes = 0,
            OpenTime = _open.OpenTime,
        };
    }

    /// <summary>What a backup is made of.</summary>
    internal Backup.BackupSource ToBackupSource() => Backup.BackupSource.Of(_open);

    /// <summary>
    /// Closes the clone, and tells the store, which lets its segments go. Reads under way are
    /// waited for.
    /// </summary>
    /// <param name="disposing">Always true.</param>
    protected override void Dispose(bool disposing) => _open.Dispose();

    /// <inheritdoc/>
    internal override int ReadMany(
        ReadOnlySpan<ReadOnlyMemory<byte>> keys, GetManyResult results)
    {
        // Nothing changes here: what the index says is what the moment had.
        using Memory.Epoch.Operation operation = Memory.Epoch.Enter();
        Cut.ThrowIfEnded(Cut.Shards[0]);
        try
        {
            return results.Reader.Read(_open.Core, keys, results);
        }
        catch (Exception failure) when (Cut.Explain?.Invoke(failure) is { } because)
        {
            throw because;
        }
    }
}
