using FlashKV.Memory;
using FlashKV.Shards;

namespace FlashKV.Snapshots;

/// <summary>
/// All shards as they were at one moment. Writers were kept out while it was taken, so it has all of
/// a batch or nothing, and no write without those that had ended before it began.
/// </summary>
internal sealed class StoreCut
{
    private readonly OpenCuts _open;
    private readonly ShardCut[] _shards;
    private readonly long _maxHeldBytes;
    private readonly ITimer? _timer;
    private readonly bool _isForClone;
    private readonly HashSet<SegmentLoader> _loaders = []; // and the lock around it
    private int _end;

    private StoreCut(StoreCore store, SnapshotOptions options, bool isForClone)
    {
        _isForClone = isForClone;
        _open = store.Cuts;
        _maxHeldBytes = options.MaxHeldBytes;
        _shards = new ShardCut[store.Shards.Length];
        Take(store);
        TakenAt = store.Context.Options.TimeProvider.GetUtcNow();
        _open.Add(this);
        if (options.TimeToLive != Timeout.InfiniteTimeSpan)
        {
            _timer = store.Context.Options.TimeProvider.CreateTimer(
                static cut => ((StoreCut)cut!).End(CutEnd.TimeIsOver),
                this,
                options.TimeToLive,
                Timeout.InfiniteTimeSpan);
        }
    }

    /// <summary>When it was taken.</summary>
    public DateTimeOffset TakenAt { get; }

    /// <summary>The cuts of the shards, in their order.</summary>
    public ReadOnlySpan<ShardCut> Shards => _shards;

    /// <summary>The memory that it takes.</summary>
    public long MemoryBytes => _shards.Sum(static shard => shard.MemoryBytes);

    /// <summary>Whether, and why, it can no longer be read.</summary>
    public CutEnd Ended => (CutEnd)Volatile.Read(ref _end);

    /// <summary>
    /// Is told, once, why it has ended, before its segments are let go; set by who took it.
    /// </summary>
    public Action<CutEnd>? Ending { get; set; }

    /// <summary>Is told when its segments were let go; set by who took it.</summary>
    public Action? Released { get; set; }

    /// <summary>
    /// Says what a failure of a read is because of, if that is no matter of snapshots.
    /// </summary>
    public Func<Exception, Exception?>? Explain { get; set; }

    /// <summary>
    /// Says what reading throws once it has ended, where that is no matter of snapshots.
    /// </summary>
    public Func<CutEnd, Exception>? Refusal { get; set; }

    /// <summary>Takes a cut. The caller is not inside an operation.</summary>
    public static StoreCut Take(StoreCore store, SnapshotOptions options) =>
        new(store, options, isForClone: false);

    /// <summary>
    /// Takes a cut that is read from the device, by a recovery which finds by itself what is
    /// current: writers note nothing for it, and what was staged is flushed up to it. The caller is
    /// not inside an operation.
    /// </summary>
    /// <exception cref="StoreFaultedException">The store failed before, or fails now.</exception>
    public static StoreCut TakeForClone(StoreCore store, SnapshotOptions options)
    {
        StoreCut cut = new(store, options, isForClone: true);
        try
        {
            Array.ForEach(cut._shards, static shard => shard.Flush());
            return cut;
        }
        catch
        {
            cut.End(CutEnd.Disposed);
            throw;
        }
    }

    /// <summary>
    /// Checks that it can be read, inside the operation that reads: until that ends, it can.
    /// </summary>
    /// <exception cref="ObjectDisposedException">It, or the store, was closed.</exception>
    /// <exception cref="SnapshotExpiredException">It was given up.</exception>
    public void ThrowIfEnded(ShardCut shard)
    {
        CutEnd ended = shard.IsLost && Ended == CutEnd.None ? CutEnd.OutOfMemory : Ended;
        if (ended != CutEnd.None)
        {
            throw Refusal?.Invoke(ended) ?? RefusalOf(ended);
        }
    }

    /// <summary>Notes who reads it with transfers that are under way while nobody waits.</summary>
    public void Add(SegmentLoader loader)
    {
        lock (_loaders)
        {
            _loaders.Add(loader);
        }
    }

    /// <summary>Forgets who read it.</summary>
    public void Remove(SegmentLoader loader)
    {
        lock (_loaders)
        {
            _loaders.Remove(loader);
        }
    }

    /// <summary>The bytes that count no more and stay because their segments are held.</summary>
    public long HeldBytes()
    {
        long bytes = 0;
        foreach (ShardCut shard in _shards)
        {
            bytes += shard.HeldBytes();
        }

        return bytes;
    }

    /// <summary>Gives it up if it holds more than it may.</summary>
    public void EnforceLimit()
    {
        if (Array.Exists(_shards, static shard => shard.IsLost))
        {
            End(CutEnd.OutOfMemory);
        }
        else if (_maxHeldBytes != long.MaxValue && HeldBytes() > _maxHeldBytes)
        {
            End(CutEnd.HeldTooMuch);
        }
    }

    /// <summary>
    /// Ends it, and lets its segments go. The caller is not inside an operation.
    /// </summary>
    public void End(CutEnd reason)
    {
        if (Interlocked.CompareExchange(ref _end, (int)reason, (int)CutEnd.None) != 0)
        {
            return;
        }

        _timer?.Dispose();
        _open.Remove(this);
        Ending?.Invoke(reason);

        // Who has found it readable reads on; nobody else does.
        Epoch.WaitForQuiescence();
        StopLoaders();
        Array.ForEach(_shards, static shard => shard.Dispose());
        Released?.Invoke();
    }

    private void StopLoaders()
    {
        SegmentLoader[] loaders;
        lock (_loaders)
        {
            loaders = [.. _loaders];
        }

        Array.ForEach(loaders, static loader => loader.Stop());
    }

    private static Exception RefusalOf(CutEnd ended) => ended switch
    {
        CutEnd.Disposed => new ObjectDisposedException(nameof(StoreSnapshot)),
        CutEnd.Closed => new ObjectDisposedException(nameof(FlashStore)),
        CutEnd.TimeIsOver => new SnapshotExpiredException(
            "its time to live is over"),
        CutEnd.HeldTooMuch => new SnapshotExpiredException(
            "it kept more dead bytes on the device than it was allowed"),
        _ => new SnapshotExpiredException(
            "the memory budget had no room to note what was replaced since"),
    };

    // Compaction stands still: it would move what is about to be held. Shards in their order, so
    // that two snapshots do not wait for each other.
    private void Take(StoreCore store)
    {
        int locked = 0;
        try
        {
            foreach (Shard shard in store.Shards)
            {
                shard.Compactor.Gate.Enter();
                locked++;
                shard.Compactor.LeaveVictim();
            }

            store.Context.Writing.Shut();
            for (int i = 0; i < _shards.Length; i++)
            {
                _shards[i] = new ShardCut(store.Shards[i], store.Context, _isForClone);
            }
        }
        finally
        {
            store.Context.Writing.Open();
            while (locked > 0)
            {
                store.Shards[--locked].Compactor.Gate.Exit();
            }
        }
    }
}
