using FlashKV.Clones;
using FlashKV.Log;
using FlashKV.Memory;
using FlashKV.Shards;
using FlashKV.Superpipe;

namespace FlashKV.Opening;

/// <summary>
/// Everything that an open store holds, in the order in which it was got; disposing lets go of it
/// in the other order.
/// </summary>
internal sealed class OpenStore : IDisposable
{
    private readonly Stack<IDisposable> _held = new();
    private readonly List<string> _warnings = [];
    private StoreCore? _core;
    private BackgroundWorker? _worker;
    private CloneService? _clones;
    private EmbeddedDevice? _embedded;

    private OpenStore()
    {
    }

    public StoreCore Core => _core!;

    /// <summary>The embedded default, for tests; null on another device.</summary>
    public EmbeddedDevice? Embedded => _embedded;

    /// <summary>The clones that other processes read.</summary>
    public CloneService Clones => _clones!;

    public IReadOnlyList<string> Warnings => _warnings;

    /// <summary>How long opening took.</summary>
    public TimeSpan OpenTime { get; private set; }

    /// <summary>Opens a store on the embedded default.</summary>
    /// <exception cref="FlashStoreException">
    /// It cannot be opened. The device is the store's own, so what it refused is a failure of the
    /// store.
    /// </exception>
    public static OpenStore OnFile(string directory, FlashStoreOptions options)
    {
        try
        {
            return Open(directory, options, static (store, files, given) =>
            {
                files.CheckDevice();
                store._embedded = store.Hold(
                    EmbeddedDevice.Open(files.DevicePath, given.Capacity));
                return store._embedded.Device;
            });
        }
        catch (DeviceException exception)
        {
            throw new FlashStoreException(
                $"The store in '{directory}' cannot be opened: {exception.Message}", exception);
        }
    }

    /// <summary>Opens a store on a device that stays the caller's.</summary>
    public static OpenStore OnDevice(
        SuperpipeDevice device, string directory, FlashStoreOptions options) =>
        Open(directory, options, (_, _, _) => device);

    /// <summary>Flushes and seals, then lets go of everything.</summary>
    public void Dispose()
    {
        try
        {
            _worker?.Dispose();
            _core?.Seal();
        }
        finally
        {
            LetGo();
        }
    }

    private static OpenStore Open(
        string directory,
        FlashStoreOptions options,
        Func<OpenStore, StoreDirectory, FlashStoreOptions, SuperpipeDevice> device)
    {
        var store = new OpenStore();
        long start = options.TimeProvider.GetTimestamp();
        try
        {
            StoreDirectory files = store.Hold(StoreDirectory.Open(directory, options.OpenMode));
            files.AwaitReaders(options.ClonePatience);
            if (files.HasIdentity)
            {
                files.CheckIdentity(FormatVersion.Current);
            }

            StoreLuns luns = store.Hold(new StoreLuns(
                device(store, files, options), options.Attachment));
            store.OpenCore(files, luns, options);
            store.OpenTime = options.TimeProvider.GetElapsedTime(start);
            return store;
        }
        catch (Exception exception)
        {
            store.LetGo();
            if (exception is DeviceException { IsOutOfSpace: true })
            {
                throw new FlashStoreException(
                    $"The store in '{directory}' cannot be opened: the device is full.", exception);
            }

            if (exception is IOException and not FlashStoreException and not DeviceException)
            {
                throw new FlashStoreException(
                    $"The store in '{directory}' cannot be opened: {exception.Message}", exception);
            }

            throw;
        }
    }

    private T Hold<T>(T held)
        where T : IDisposable
    {
        _held.Push(held);
        return held;
    }

    private void OpenCore(StoreDirectory files, StoreLuns luns, FlashStoreOptions options)
    {
        Superblock superblock = LoadOrCreate(files, luns, options);
        if (files.HasIdentity && !File.Exists(files.StagingPath))
        {
            _warnings.Add(
                $"The file '{files.StagingPath}' was missing and was made anew: buffered writes "
                + "that had not reached the device are lost, if there were any.");
        }

        _core = Hold(StoreCore.Open(
            superblock,
            luns.Meta,
            luns.OpenShards(superblock.ShardCount),
            files.StagingPath,
            options));
        _warnings.AddRange(_core.Context.Warnings);
        if (!files.HasIdentity)
        {
            files.WriteIdentity(FormatVersion.Current);
        }

        _clones = Hold(new CloneService(_core, luns, files, () => new StorePlace(
            files.Path,
            _embedded?.ServeDriver() ?? "",
            _embedded?.DevicePath ?? "")));
        if (options.AllowClones)
        {
            _clones.Listen();
        }

        if (options.BackgroundThread)
        {
            _worker = new BackgroundWorker(_core);
            _core.Context.Work = _worker;
        }
    }

    private Superblock LoadOrCreate(
        StoreDirectory files, StoreLuns luns, FlashStoreOptions options)
    {
        Superblock? found = SuperblockLoader.Load(luns.Meta, files.Path, out int damaged);
        if (found is not null)
        {
            if (damaged >= 0)
            {
                _warnings.Add(
                    $"Copy {damaged} of the superblock (block {Superblock.BlockOf(damaged)}) was "
                    + "damaged; the store was opened from the other copy, which was written anew.");
            }

            return options.OpenMode == OpenMode.CreateNew && found.Grants.Length != 0
                ? throw new NotAStoreException(
                    files.Path, "its device holds a store, and a new one was wanted")
                : found;
        }

        return files.HasIdentity
            ? throw new CorruptStoreException(
                -1, Superblock.BlockOf(0), "superblock", "one valid copy of two", "zeros")
            : Create(luns, options);
    }

    private static Superblock Create(StoreLuns luns, FlashStoreOptions options)
    {
        Superblock superblock = SuperblockLoader.Create(options);
        WriteFirst(luns, superblock);
        return superblock;
    }

    /// <summary>Writes the chunk of the superblock of a store that has no other chunk.</summary>
    internal static void WriteFirst(StoreLuns luns, Superblock superblock)
    {
        using var memory = new UnmanagedMemory(FlashStoreOptions.MinMemoryBudget);
        var buffers = new BufferPool(memory, Superblock.CopyBytes);
        using PooledBuffer block = buffers.Rent(LogGeometry.BlockBytes);
        new ChunkHeader(superblock.Store, ChunkHeader.MetaShard, 0)
            .Write(block.Span(0, LogGeometry.BlockBytes));
        luns.Meta.Transfer(new BlockTransfer(
            BlockOperation.Write, 0, 1, block.Address, ForceUnitAccess: true));
        SuperblockCopies.Write(luns.Meta, buffers, superblock);
    }

    private void LetGo()
    {
        while (_held.TryPop(out IDisposable? held))
        {
            held.Dispose();
        }
    }
}
