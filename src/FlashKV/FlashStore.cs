using System.Diagnostics.CodeAnalysis;
using FlashKV.Log;
using FlashKV.Opening;
using FlashKV.Shards;
using FlashKV.Superpipe;

namespace FlashKV;

/// <summary>
/// An embedded key-value store. Keys are 1 to 65,535 bytes, values from 0 bytes to
/// <see cref="MaxRecordLength"/> less the key: by default some 1 MB.
/// </summary>
/// <remarks>
/// Any number of threads may call any method at once, but disposing needs all other calls to have
/// ended. One process, and one instance in it, has a store open at a time.
/// </remarks>
public sealed partial class FlashStore : IDisposable, IAsyncDisposable
{
    /// <summary>The longest key in bytes.</summary>
    public const int MaxKeyLength = RecordFormat.MaxKeyLength;

    private readonly OpenStore _open;
    private readonly StoreCore _core;
    private readonly StoreContext _context;
    private readonly Durability _durability;
    private int _disposed;

    private FlashStore(OpenStore open)
    {
        _open = open;
        _core = open.Core;
        _context = open.Core.Context;
        _durability = _context.Options.Durability;
    }

    /// <summary>
    /// The most bytes that a key and its value can have together: 8,308 less than
    /// <see cref="FlashStoreOptions.SegmentBytes"/> of the store. More is refused with an
    /// <see cref="ArgumentException"/>, and nothing is changed.
    /// </summary>
    public int MaxRecordLength => _context.Geometry.MaxRecordBytes - RecordFormat.HeaderBytes;

    /// <summary>
    /// What opening had to put up with and the user should know of; empty if there was nothing.
    /// </summary>
    public IReadOnlyList<string> OpenWarnings => _open.Warnings;

    /// <summary>Opens the store of a directory on the embedded default, a file in it.</summary>
    /// <param name="directory">
    /// The directory; made if <see cref="FlashStoreOptions.OpenMode"/> allows.
    /// </param>
    /// <param name="options">The options; null for the defaults.</param>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    /// <exception cref="StoreLockedException">The store is open elsewhere.</exception>
    /// <exception cref="NotAStoreException">
    /// The directory holds something else, or no store.
    /// </exception>
    /// <exception cref="StoreVersionException">The store is of another version.</exception>
    /// <exception cref="CorruptStoreException">
    /// The store is damaged; nothing was changed.
    /// </exception>
    /// <exception cref="FlashStoreException">
    /// The directory or the device cannot be used.
    /// </exception>
    public static FlashStore Open(string directory, FlashStoreOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(directory);
        return new FlashStore(OpenStore.OnFile(directory, Checked(options)));
    }

    /// <summary>Opens a store on a device of the caller's.</summary>
    /// <param name="device">
    /// The device; it stays the caller's, who disposes it after the store.
    /// </param>
    /// <param name="directory">The directory for staging and lock.</param>
    /// <param name="options">The options; null for the defaults.</param>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    /// <exception cref="DeviceException">The device refused.</exception>
    /// <exception cref="FlashStoreException">As in the other overload.</exception>
    public static FlashStore Open(
        SuperpipeDevice device, string directory, FlashStoreOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(device);
        ArgumentException.ThrowIfNullOrEmpty(directory);
        return new FlashStore(OpenStore.OnDevice(device, directory, Checked(options)));
    }

    /// <summary>Opens the store of a directory, on a thread of the pool.</summary>
    /// <param name="directory">The directory.</param>
    /// <param name="options">The options; null for the defaults.</param>
    /// <param name="cancellationToken">Cancels before the opening begins.</param>
    /// <returns>The store.</returns>
    /// <exception cref="FlashStoreException">As in the synchronous method.</exception>
    public static async ValueTask<FlashStore> OpenAsync(
        string directory,
        FlashStoreOptions? options = null,
        CancellationToken cancellationToken = default) =>
        await Task.Run(() => Open(directory, options), cancellationToken).ConfigureAwait(false);

    /// <summary>Returns when everything written before the call is on stable storage.</summary>
    /// <exception cref="StoreFaultedException">The store failed earlier, or fails now.</exception>
    public void Flush()
    {
        ThrowIfDisposed();
        _core.Flush();
    }

    /// <summary>Completes when everything written before the call is on stable storage.</summary>
    /// <param name="cancellationToken">Ends the wait; the flush goes on.</param>
    /// <returns>The flush.</returns>
    /// <exception cref="StoreFaultedException">The store failed earlier, or fails now.</exception>
    public async ValueTask FlushAsync(CancellationToken cancellationToken = default)
    {
        ThrowIfDisposed();
        for (int i = 0; i < _core.Shards.Length; i++)
        {
            ShardLog log = _core.Shards[i].Log;
            await log.WaitDurableAsync(log.NextSequence - 1, cancellationToken)
                .ConfigureAwait(false);
        }
    }

    /// <summary>
    /// Flushes and closes the store. If flushing fails, the store is closed all the same, what was
    /// acknowledged as buffered stays in staging for the next opening, and the failure is thrown.
    /// </summary>
    /// <exception cref="StoreFaultedException">The flush failed.</exception>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
        {
            _open.Dispose();
        }
    }

    /// <summary>The same as <see cref="Dispose"/>, on a thread of the pool.</summary>
    /// <returns>The closing.</returns>
    public ValueTask DisposeAsync() => new(Task.Run(Dispose));

    /// <summary>What lies below, for those who step it by hand.</summary>
    internal StoreCore Core => _core;

    /// <summary>A cut, and what a backup is made of.</summary>
    internal Backup.BackupSource ToBackupSource(SnapshotOptions limits)
    {
        ThrowIfDisposed();
        return Backup.BackupSource.Of(_core, limits);
    }

    /// <summary>The embedded default, for tests; null on another device.</summary>
    internal Opening.EmbeddedDevice? Embedded => _open.Embedded;

    /// <summary>What other processes clone, for tests.</summary>
    internal IEnumerable<string> CloneSources => _open.Clones.GetSources();

    internal void ThrowIfDisposed() =>
        ObjectDisposedException.ThrowIf(Volatile.Read(ref _disposed) != 0, this);

    internal void CheckRecord(ReadOnlySpan<byte> key, int valueLength, int extensionBytes = 0)
    {
        CheckKey(key);
        int longest = MaxRecordLength - extensionBytes - key.Length;
        if (valueLength > longest)
        {
            ThrowValueLength(valueLength, longest, "value");
        }
    }

    internal static FlashStoreOptions Checked(FlashStoreOptions? options)
    {
        FlashStoreOptions given = options ?? new FlashStoreOptions();
        given.Validate();
        if (given.AllowClones)
        {
            ThrowUnlessClonesWork();
        }

        return given;
    }

    private void CheckKey(ReadOnlySpan<byte> key)
    {
        ThrowIfDisposed();
        CheckKeyLength(key.Length);
    }

    internal static void CheckKeyLength(int length)
    {
        if (length is 0 or > MaxKeyLength)
        {
            ThrowKeyLength(length, "key");
        }
    }

    [DoesNotReturn]
    private static void ThrowKeyLength(int length, string parameter) =>
        throw new ArgumentException(
            $"A key has 1 to {MaxKeyLength} bytes; this one has {length}.", parameter);

    [DoesNotReturn]
    private static void ThrowValueLength(int length, int longest, string parameter) =>
        throw new ArgumentException(
            $"The value can have {longest} bytes beside this key; it has {length}.", parameter);
}
