using FlashKV.Log;
using FlashKV.Memory;
using FlashKV.Recovery;
using FlashKV.Superpipe;

namespace FlashKV.Shards;

/// <summary>
/// An open store below its public face: the shards over their LUNs, and the staging file. Opening
/// recovers; closing flushes.
/// </summary>
internal sealed class StoreCore : IDisposable
{
    private readonly StagingFile _staging;
    private readonly ChunkDirectory _chunks;
    private readonly Shard[] _shards;

    private StoreCore(
        StoreContext context, StagingFile staging, ChunkDirectory chunks, Shard[] shards)
    {
        Context = context;
        _staging = staging;
        _chunks = chunks;
        _shards = shards;
    }

    public StoreContext Context { get; }

    public Superblock Superblock => _chunks.Superblock;

    public ReadOnlySpan<Shard> Shards => _shards;

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
        uint session = superblock.Session + 1;
        var context = new StoreContext(superblock with { Session = session }, options);
        StagingFile staging = StagingFile.Open(
            stagingPath, superblock.ShardCount, superblock.SegmentBytes);
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
        return new StoreCore(context, staging, chunks, shards);
    }

    public Shard ShardOf(ulong hash) => _shards[Context.Hasher.ShardOf(hash)];

    /// <summary>Returns when everything written before the call is on stable storage.</summary>
    public void Flush()
    {
        foreach (Shard shard in _shards)
        {
            shard.Log.Flush();
        }
    }

    /// <summary>
    /// Closes without flushing. What is in staging is found there by the next process; the caller
    /// has flushed if that is not to be relied on.
    /// </summary>
    public void Dispose()
    {
        Epoch.WaitForQuiescence();
        foreach (Shard shard in _shards)
        {
            shard.Dispose();
        }

        Context.Dispose();
        _staging.Dispose();
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
        ShardRecovery[] recoveries = Array.ConvertAll(
            shards, shard => new ShardRecovery(shard, context, shards.Length));
        Parallel.ForEach(recoveries, recovery => recovery.Collect(isStagingTrusted));
        new BatchResolution(recoveries, context).Resolve();
        Parallel.ForEach(recoveries, recovery => recovery.Build(session));
        Parallel.ForEach(recoveries, recovery => recovery.Finish());
    }
}
