using System.Collections.Concurrent;
using FlashKV.Log;
using FlashKV.Memory;
using FlashKV.Snapshots;

namespace FlashKV.Shards;

/// <summary>
/// What the shards of a store share. Nothing in it is written by every operation.
/// </summary>
internal sealed class StoreContext : IDisposable
{
    // Else the cache, which takes what there is, would leave a scan none.
    private const int SnapshotShareOfBudget = 32;

    public StoreContext(Superblock superblock, FlashStoreOptions options)
    {
        Options = options;
        Store = superblock.Store;
        Geometry = new LogGeometry(superblock.SegmentBytes);
        Hasher = new KeyHasher(superblock.HashSeed, superblock.ShardCount, options.HashMask);
        Memory = new UnmanagedMemory(
            options.MemoryBudget, options.MemoryBudget / SnapshotShareOfBudget);
        Buffers = new BufferPool(Memory, superblock.SegmentBytes);
        Cache = new SegmentCache(Memory, superblock.SegmentBytes);
        Records = new RecordCache(Memory, Cache);
        Cache.GiveBackMore = Records.TryGiveBack;
        Zeros = new NativeRegion(
            Memory.Allocate(MemoryCategory.Buffers, superblock.SegmentBytes).Address,
            superblock.SegmentBytes);
        Batches = new BatchRegistry(superblock.Session);
    }

    public FlashStoreOptions Options { get; }

    public StoreId Store { get; }

    public LogGeometry Geometry { get; }

    public KeyHasher Hasher { get; }

    public UnmanagedMemory Memory { get; }

    public BufferPool Buffers { get; }

    public SegmentCache Cache { get; }

    /// <summary>Records that were read from the device.</summary>
    public RecordCache Records { get; }

    /// <summary>A segment's worth of zeros, to write from.</summary>
    public NativeRegion Zeros { get; }

    public BatchRegistry Batches { get; }

    /// <summary>Keeps writers out while a snapshot takes its cut.</summary>
    public WriteGate Writing { get; } = new();

    public StoreFault Fault { get; } = new();

    /// <summary>What opening had to put up with.</summary>
    public ConcurrentQueue<string> Warnings { get; } = new();

    /// <summary>
    /// Called between the steps of a batch, so that a test can look at the state there.
    /// </summary>
    public Action? BatchStep { get; set; }

    /// <summary>Is told of new work; set once, before the store is used.</summary>
    public IWorkSignal Work { get; set; } = NoWorkSignal.Instance;

    public void Dispose() => Memory.Dispose();
}
