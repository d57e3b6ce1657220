using FlashKV.Opening;
using FlashKV.Shards;
using FlashKV.Snapshots;
using FlashKV.Superpipe;

namespace FlashKV.Clones;

/// <summary>
/// Everything that an open clone holds, in the order in which it was got; disposing lets go of it
/// in the other order.
/// </summary>
internal sealed class OpenClone : IDisposable
{
    // A reset of the store's adapter between asking and cloning gives its contexts other ids.
    private const int MaxSourceAttempts = 4;

    private readonly Stack<IDisposable> _held = new();
    private readonly CloneConnection _connection;
    private readonly Lock _opening = new();
    private IDisposable? _lock;
    private bool _isOpen;
    private int _isDisposed;

    private OpenClone(CloneConnection connection) => _connection = connection;

    public CloneView View { get; private set; } = null!;

    public StoreCore Core { get; private set; } = null!;

    public StoreCut Cut { get; private set; } = null!;

    public TimeSpan OpenTime { get; private set; }

    /// <summary>What has ended it; null while it can be read.</summary>
    public CloneEnd? Ended => _connection.Ended;

    /// <summary>Opens a clone.</summary>
    /// <param name="address">Where it is to be had.</param>
    /// <param name="device">The device, if it is not the embedded default.</param>
    /// <param name="options">The options.</param>
    public static OpenClone Open(
        CloneAddress address, SuperpipeDevice? device, ClonedStoreOptions options)
    {
        FlashStoreOptions storeOptions = options.ToStoreOptions();
        long start = TimeProvider.System.GetTimestamp();
        OpenClone clone = new(CloneConnection.Connect(address));
        try
        {
            clone.Open(device, storeOptions);
            clone.OpenTime = TimeProvider.System.GetElapsedTime(start);
            clone._connection.SayReady();
            return clone;
        }
        catch (Exception failure)
        {
            CloneEnd? ended = clone._connection.LookForEnd();
            clone.Dispose();
            if (ended is { } reason
                && failure is not (CloneEndedException or CloneRefusedException))
            {
                throw new CloneEndedException(reason, failure);
            }

            throw;
        }
    }

    /// <summary>
    /// What a failure of a read is because of: if the clone has ended, its segments may be used
    /// again, and what was read of them was refused for that.
    /// </summary>
    public Exception? Explain(Exception failure) =>
        failure is CorruptStoreException or DeviceException
        && _connection.LookForEnd() is { } reason
            ? new CloneEndedException(reason, failure)
            : null;

    /// <summary>Closes the clone; reads under way are waited for.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) != 0)
        {
            return;
        }

        Cut?.End(CutEnd.Disposed);
        while (_held.TryPop(out IDisposable? held))
        {
            held.Dispose();
        }

        _connection.Dispose();
        LetGoOfLock();
    }

    private void Open(SuperpipeDevice? given, FlashStoreOptions options)
    {
        View = _connection.ReceiveView();
        _lock = StoreDirectory.TakeLockOfReader(View.Place.Directory);
        SuperpipeDevice device = given ?? OpenEmbedded();

        // It answers, so the store's process was there when the lock was taken.
        ClonedLuns luns = Clone(device, options.Attachment);
        _held.Push(luns);
        _connection.Watch(End);
        Core = StoreCore.OpenClone(View, luns.Shards, options);
        _held.Push(Core);
        Cut = StoreCut.Take(Core, new SnapshotOptions());
        Cut.Refusal = reason => reason == CutEnd.Disposed || _connection.Ended is not { } ended
            ? new ObjectDisposedException(nameof(ClonedStore))
            : new CloneEndedException(ended);
        Cut.Explain = Explain;
        lock (_opening)
        {
            _isOpen = true;
        }

        if (_connection.Ended is { } early)
        {
            throw new CloneEndedException(early);
        }
    }

    private SuperpipeDevice OpenEmbedded()
    {
        if (View.Place.DriverAddress.Length == 0)
        {
            throw new CloneRefusedException(
                CloneRefusal.NeedsDevice,
                "the store is on a device of its process's choice; open that device in this "
                + "process too, and pass it");
        }

        try
        {
            EmbeddedDevice embedded = EmbeddedDevice.OpenClone(
                View.Place.DriverAddress, View.Place.DevicePath);
            _held.Push(embedded);
            return embedded.Device;
        }
        catch (Exception failure) when (failure is IOException and not FlashStoreException)
        {
            throw _connection.LookForEnd() is { } reason
                ? new CloneEndedException(reason, failure)
                : new CloneRefusedException(
                    CloneRefusal.StoreFailed,
                    $"the store's driver does not serve this process: {failure.Message}",
                    failure);
        }
    }

    private ClonedLuns Clone(SuperpipeDevice device, AttachOptions attachment)
    {
        for (int attempt = 1; ; attempt++)
        {
            CloneSource[] sources = _connection.GetSources();
            try
            {
                return new ClonedLuns(device, sources, View.Shards.Length, attachment);
            }
            catch (DeviceException failure)
            {
                if (_connection.LookForEnd() is { } reason)
                {
                    throw new CloneEndedException(reason, failure);
                }

                if (failure.Errno != Errno.InvalidArgument || attempt == MaxSourceAttempts)
                {
                    throw Refusal(failure);
                }
            }
        }
    }

    // With this error VLUN_CLONE says that a chunk cannot be counted once more, and nothing else
    // (SP §3.9). Attaching, mapping and VERIFY have other reasons for it.
    private static CloneRefusedException Refusal(DeviceException failure) =>
        failure is { Operation: "VLUN_CLONE", Errno: Errno.InputOutput }
            ? new CloneRefusedException(
                CloneRefusal.TooManyClones,
                "the driver counts no more clones of the store's chunks (255 at most)",
                failure)
            : new CloneRefusedException(
                CloneRefusal.StoreFailed,
                $"the driver refuses to clone the store's LUNs: {failure.Message}",
                failure);

    // Called by the connection's thread. The lock is let go once nobody reads any more; whoever is
    // still opening looks for the end itself.
    private void End(CloneEnd reason)
    {
        bool isOpen;
        lock (_opening)
        {
            isOpen = _isOpen;
        }

        if (isOpen && reason != CloneEnd.ClosedByReader)
        {
            Cut.End(CutEnd.Closed);
            LetGoOfLock();
        }
    }

    private void LetGoOfLock() => Interlocked.Exchange(ref _lock, null)?.Dispose();
}
