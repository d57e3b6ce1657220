using System.Runtime.ExceptionServices;
using FlashKV.Clones;
using FlashKV.Log;
using FlashKV.Memory;
using FlashKV.Recovery;
using FlashKV.Snapshots;
using FlashKV.Superpipe;

namespace FlashKV.Shards;

/// <summary>
/// An open store below its public face: the shards over their LUNs, and the staging file. Opening
/// recovers; closing flushes.
/// </summary>
internal sealed class StoreCore : IDisposable
{
    private readonly StagingFile? _staging;
    private readonly ChunkDirectory? _chunks;
    private readonly Superblock _opened;
    private readonly Shard[] _shards;

    private StoreCore(
        StoreContext context,
        Superblock opened,
        StagingFile? staging,
        ChunkDirectory? chunks,
        Shard[] shards)
    {
        Context = context;
        _opened = opened;
        _staging = staging;
        _chunks = chunks;
        _shards = shards;
    }

    public StoreContext Context { get; }

    /// <summary>The superblock as it was written last; in a clone, as it was opened.</summary>
    public Superblock Superblock => _chunks?.Superblock ?? _opened;

    public ReadOnlySpan<Shard> Shards => _shards;

    /// <summary>The open snapshots, those of scans among them.</summary>
    public OpenCuts Cuts { get; } = new();

    /// <summary>Opens a store whose superblock was read, or just made.</summary>
    /// <param name="superblock">The superblock.</param>
    /// <param name="meta">The LUN of the superblock.</param>
    /// <param name="luns">A LUN of no blocks for each shard.</param>
    /// <param name="stagingPath">The staging file.</param>
    /// <param name="options">The options.</param>
    public static StoreCore Open(
        Superblock superblock,
        VirtualLun meta,
        VirtualLun[] luns,
        string stagingPath,
        FlashStoreOptions options)
    {
        StagingFile staging = StagingFile.Open(
            stagingPath, superblock.ShardCount, superblock.SegmentBytes);
        StoreContext? context = null;
        try
        {
            context = new StoreContext(
                superblock with { Session = superblock.Session + 1 }, options);
            return Open(superblock, meta, luns, staging, context);
        }
        catch
        {
            context?.Dispose();
            staging.Dispose();
            throw;
        }
    }

    private static StoreCore Open(
        Superblock superblock,
        VirtualLun meta,
        VirtualLun[] luns,
        StagingFile staging,
        StoreContext context)
    {
        uint session = superblock.Session + 1;
        var chunks = new ChunkDirectory(superblock, meta, luns, context.Buffers);
        var shards = new Shard[superblock.ShardCount];
        chunks.Replay();
        for (int i = 0; i < shards.Length; i++)
        {
            shards[i] = new Shard(i, context, luns[i], chunks, staging.SlotsOf(i));
            AddChunks(shards[i], chunks);
        }

        Recover(shards, context, staging.IsTrusted(superblock.Store, superblock.Session), session);

        // The order matters: staging counts for the session that the superblock names, and all of
        // it is on the device by now.
        chunks.Update(block => block with { Session = session });
        staging.BeginSession(superblock.Store, session);
        return new StoreCore(context, superblock, staging, chunks, shards);
    }

    /// <summary>
    /// Opens what another process has handed over, for reading: the ordinary recovery, over the
    /// segments that it holds for this one and no further than its cut.
    /// </summary>
    /// <param name="view">What was handed over.</param>
    /// <param name="luns">The clones of the shards' LUNs.</param>
    /// <param name="options">The options.</param>
    /// <exception cref="CorruptStoreException">There is damage.</exception>
    public static StoreCore OpenClone(
        CloneView view, ReadOnlySpan<VirtualLun> luns, FlashStoreOptions options)
    {
        Superblock superblock = view.SuperblockOf(luns);
        var context = new StoreContext(superblock, options);
        try
        {
            var shards = new Shard[luns.Length];
            for (int i = 0; i < shards.Length; i++)
            {
                shards[i] = new Shard(i, context, luns[i], NoChunks.Instance, []);
                for (long chunk = luns[i].BlockCount / LogGeometry.ChunkBlocks; chunk > 0; chunk--)
                {
                    shards[i].Log.Allocator.AddChunk(context.Geometry.SlotsPerChunk);
                }
            }

            RecoverIndex(
                shards, context, recovery => recovery.Collect(view.Shards[recovery.Number]));
            return new StoreCore(context, superblock, null, null, shards);
        }
        catch
        {
            context.Dispose();
            throw;
        }
    }

    public Shard ShardOf(ulong hash) => _shards[Context.Hasher.ShardOf(hash)];

    /// <summary>Grows the LUN of a shard by a chunk before it needs it.</summary>
    /// <returns>false if the device has no chunk left.</returns>
    public bool TryGrow(int shard) => _chunks?.TryGrow(shard) ?? false;

    /// <summary>Returns when everything written before the call is on stable storage.</summary>
    public void Flush()
    {
        foreach (Shard shard in _shards)
        {
            shard.Log.Flush();
        }
    }

    /// <summary>Flushes and seals everything; nobody writes any more.</summary>
    public void Seal()
    {
        // All of a batch is on stable storage before a segment with a part of it can be sealed.
        Flush();
        foreach (Shard shard in _shards)
        {
            shard.Log.SealTails();
        }
    }

    /// <summary>
    /// Closes without flushing. What is in staging is found there by the next process; the caller
    /// has flushed if that is not to be relied on.
    /// </summary>
    public void Dispose()
    {
        Cuts.EndAll();
        Epoch.WaitForQuiescence();
        foreach (Shard shard in _shards)
        {
            shard.Dispose();
        }

        Context.Dispose();
        _staging?.Dispose();
    }

    private static void AddChunks(Shard shard, ChunkDirectory chunks)
    {
        int slotsPerChunk = (int)(LogGeometry.ChunkBytes / chunks.Superblock.SegmentBytes);
        for (int i = chunks.ChunkCountOf(shard.Number); i > 0; i--)
        {
            shard.Log.Allocator.AddChunk(slotsPerChunk);
        }

        chunks.Attach(shard.Number, shard.Log.Allocator);
    }

    private static void Recover(
        Shard[] shards, StoreContext context, bool isStagingTrusted, uint session)
    {
        ShardRecovery[] recoveries = RecoverIndex(
            shards, context, recovery => recovery.Collect(isStagingTrusted));
        bool isSequential = context.Options.Seed is not null;
        Array.ForEach(recoveries, recovery => recovery.PrepareSealing(session));
        ForEach(recoveries, isSequential, static recovery => recovery.Flush());
        ForEach(recoveries, isSequential, static recovery => recovery.Finish());
    }

    private static ShardRecovery[] RecoverIndex(
        Shard[] shards, StoreContext context, Action<ShardRecovery> collect)
    {
        var progress = new RecoveryProgress(context.Options.OpenProgress);
        ShardRecovery[] recoveries = Array.ConvertAll(
            shards, shard => new ShardRecovery(shard, context, shards.Length, progress));
        bool isSequential = context.Options.Seed is not null;
        try
        {
            ForEach(recoveries, isSequential, collect);
            new BatchResolution(recoveries, context).Resolve();
            ForEach(recoveries, isSequential, static recovery => recovery.Build());
            return recoveries;
        }
        finally
        {
            Array.ForEach(recoveries, static recovery => recovery.Dispose());
        }
    }

    private static void ForEach(
        ShardRecovery[] recoveries, bool isSequential, Action<ShardRecovery> step)
    {
        if (isSequential)
        {
            Array.ForEach(recoveries, step);
        }
        else
        {
            InParallel(recoveries, step);
        }
    }

    // The caller is promised the exception of a shard, not one that wraps those of all.
    private static void InParallel(ShardRecovery[] recoveries, Action<ShardRecovery> step)
    {
        try
        {
            Parallel.ForEach(recoveries, step);
        }
        catch (AggregateException failures)
        {
            ExceptionDispatchInfo.Throw(failures.InnerExceptions[0]);
        }
    }
}
