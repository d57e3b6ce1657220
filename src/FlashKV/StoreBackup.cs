using FlashKV.Backup;

namespace FlashKV;

/// <summary>
/// Backups of a store, full and incremental, made while it is written to, and stores made of them.
/// </summary>
/// <remarks>
/// <para>
/// A directory has the backups of one store. Each is of one moment and complete: incremental means
/// that a segment which several of them need is there once, and that a backup copies only what the
/// directory does not have. What an interrupted backup has copied, the next one finds there.
/// </para>
/// <para>
/// Every record is checked when it is copied, when a backup is verified and when it is restored. One
/// process at a time uses a directory. A backup that has returned is on stable storage.
/// </para>
/// </remarks>
public static class StoreBackup
{
    /// <summary>Adds a backup of a store to a directory, as the store is at the call.</summary>
    /// <remarks>
    /// Writers go on. Until it returns, the segments of its moment are held, as for a clone:
    /// compaction cannot take their dead bytes back.
    /// </remarks>
    /// <param name="store">The store, open in this process.</param>
    /// <param name="directory">
    /// A directory that is empty or not there, or has earlier backups of the store.
    /// </param>
    /// <param name="options">How; null for the defaults.</param>
    /// <param name="cancellationToken">Ends it between two segments, and leaves no backup.</param>
    /// <returns>What was written.</returns>
    /// <exception cref="ArgumentException">An option is out of range.</exception>
    /// <exception cref="BackupException">
    /// The directory has something else, another store's backups, or is in use.
    /// </exception>
    /// <exception cref="SnapshotExpiredException">It held more than it may.</exception>
    /// <exception cref="CorruptStoreException">A segment of the store is damaged.</exception>
    /// <exception cref="Superpipe.DeviceException">The device failed.</exception>
    /// <exception cref="IOException">The directory cannot be written to, or is full.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public static BackupResult Create(
        FlashStore store,
        string directory,
        BackupOptions? options = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(store);
        BackupOptions backup = Checked(options);
        using BackupDirectory backups = OpenOrCreate(directory);
        using BackupSource source = store.ToBackupSource(backup.Limits);
        return new BackupRun(source, backups, backup).Run(cancellationToken);
    }

    /// <summary>Adds a backup of the moment of a clone to a directory.</summary>
    /// <param name="clone">The clone of a store that another process has open; it stays open.</param>
    /// <param name="directory">
    /// A directory that is empty or not there, or has earlier backups of the store.
    /// </param>
    /// <param name="options">How; null for the defaults.</param>
    /// <param name="cancellationToken">Ends it between two segments, and leaves no backup.</param>
    /// <returns>What was written.</returns>
    /// <exception cref="ArgumentException">An option is out of range.</exception>
    /// <exception cref="BackupException">
    /// The directory has something else, another store's backups, or is in use.
    /// </exception>
    /// <exception cref="CloneEndedException">The clone was given up.</exception>
    /// <exception cref="CorruptStoreException">A segment of the store is damaged.</exception>
    /// <exception cref="Superpipe.DeviceException">The device failed.</exception>
    /// <exception cref="IOException">The directory cannot be written to, or is full.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public static BackupResult Create(
        ClonedStore clone,
        string directory,
        BackupOptions? options = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(clone);
        BackupOptions backup = Checked(options);
        using BackupDirectory backups = OpenOrCreate(directory);
        using BackupSource source = clone.ToBackupSource();
        return new BackupRun(source, backups, backup).Run(cancellationToken);
    }

    /// <summary>Lists the backups in a directory, oldest first.</summary>
    /// <param name="directory">The directory.</param>
    /// <returns>The backups.</returns>
    /// <exception cref="BackupException">
    /// There are no backups there, one is damaged, or the directory is in use.
    /// </exception>
    public static IReadOnlyList<BackupInfo> List(string directory)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(directory);
        using BackupDirectory backups = BackupDirectory.Open(directory);
        return [.. backups.Numbers().Select(number => Describe(number, backups))];
    }

    /// <summary>Reads all files of the backups in a directory and checks every record.</summary>
    /// <param name="directory">The directory.</param>
    /// <param name="options">How; null for the defaults.</param>
    /// <param name="cancellationToken">Ends it between two segments.</param>
    /// <returns>What is wrong; empty if all backups can be restored.</returns>
    /// <exception cref="ArgumentException">An option is out of range.</exception>
    /// <exception cref="BackupException">There are no backups there, or it is in use.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public static IReadOnlyList<BackupProblem> Verify(
        string directory,
        BackupOptions? options = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(directory);
        BackupOptions backup = Checked(options);
        using BackupDirectory backups = BackupDirectory.Open(directory);
        return new BackupVerifier(backups, backup).Run(cancellationToken);
    }

    /// <summary>Makes a store of a backup, on the embedded default.</summary>
    /// <remarks>
    /// The store has the shape of the old one and every key as it was at the moment of the backup.
    /// It goes on by itself: a later backup of it may go to the same directory.
    /// </remarks>
    /// <param name="directory">The directory of the backups.</param>
    /// <param name="destination">
    /// The directory of the store, empty or not there; it appears when the store is whole and on
    /// stable storage. Until then it is beside it, with the name <c>.partial</c> behind its own.
    /// </param>
    /// <param name="number">The number of the backup; null for the latest.</param>
    /// <param name="options">How it is read; null for the defaults.</param>
    /// <param name="storeOptions">
    /// How the store is made; its shape is that of the old one. Null for the defaults.
    /// </param>
    /// <param name="cancellationToken">Ends it between two segments.</param>
    /// <exception cref="ArgumentException">An option is out of range.</exception>
    /// <exception cref="BackupException">
    /// The backup is not there or damaged, the destination is taken, or the capacity too small.
    /// </exception>
    /// <exception cref="FlashStoreException">The store cannot be made.</exception>
    /// <exception cref="IOException">The destination cannot be written to, or is full.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public static void Restore(
        string directory,
        string destination,
        int? number = null,
        BackupOptions? options = null,
        FlashStoreOptions? storeOptions = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(directory);
        ArgumentException.ThrowIfNullOrWhiteSpace(destination);
        BackupOptions backup = Checked(options);
        using BackupDirectory backups = BackupDirectory.Open(directory);
        BackupManifest manifest = backups.ReadManifest(number ?? Latest(backups));
        FlashStoreOptions store = FlashStore.Checked((storeOptions ?? new()) with
        {
            Shards = manifest.Shards.Length,
            SegmentBytes = manifest.SegmentBytes,
        });
        new RestoreRun(backups, manifest, backup).Run(destination, store, cancellationToken);
    }

    /// <summary>
    /// Takes all backups but the latest away, and the segments that no other needs.
    /// </summary>
    /// <param name="directory">The directory.</param>
    /// <param name="keep">How many of the latest stay, at least 1.</param>
    /// <returns>How many backups were taken away.</returns>
    /// <exception cref="ArgumentOutOfRangeException">None would stay.</exception>
    /// <exception cref="BackupException">
    /// There are no backups there, one that stays is damaged, or the directory is in use.
    /// </exception>
    public static int Prune(string directory, int keep)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(directory);
        ArgumentOutOfRangeException.ThrowIfLessThan(keep, 1);
        using BackupDirectory backups = BackupDirectory.Open(directory);
        int[] numbers = backups.Numbers();
        int[] staying = numbers[^Math.Min(keep, numbers.Length)..];
        HashSet<string> needed = [.. staying.SelectMany(number => FilesOf(number, backups))];
        int[] leaving = numbers[..^staying.Length];
        Array.ForEach(leaving, backups.DeleteManifest);
        foreach (string file in backups.SegmentFiles().Where(file => !needed.Contains(file)))
        {
            File.Delete(file);
        }

        return leaving.Length;
    }

    private static IEnumerable<string> FilesOf(int number, BackupDirectory backups) =>
        backups.ReadManifest(number).Shards.SelectMany((shard, index) =>
            shard.Segments.Select(segment => backups.SegmentPath(index, segment)));

    private static BackupInfo Describe(int number, BackupDirectory backups)
    {
        BackupManifest manifest = backups.ReadManifest(number);
        return new BackupInfo(
            number,
            DateTimeOffset.FromUnixTimeMilliseconds(manifest.CreatedMilliseconds),
            manifest.Shards.Length,
            manifest.SegmentCount,
            manifest.Bytes);
    }

    private static int Latest(BackupDirectory backups)
    {
        int[] numbers = backups.Numbers();
        return numbers.Length != 0
            ? numbers[^1]
            : throw new BackupException(backups.Path, "there is no complete backup in it");
    }

    private static BackupDirectory OpenOrCreate(string directory)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(directory);
        return BackupDirectory.OpenOrCreate(directory);
    }

    private static BackupOptions Checked(BackupOptions? options)
    {
        options ??= new BackupOptions();
        options.Validate();
        return options;
    }
}
