using FlashKV.Log;
using FlashKV.Memory;
using FlashKV.Shards;
using FlashKV.Superpipe;

namespace FlashKV.Tests.Doubles;

/// <summary>
/// Opens a store core over a <see cref="MemoryDevice"/>, closes it, kills it, cuts its power.
/// </summary>
internal sealed class CoreHarness : IDisposable
{
    private readonly string _staging = Path.Combine(
        Directory.CreateTempSubdirectory("flashkv-test-").FullName, "staging");

    public CoreHarness(int shards = 2, ulong hashMask = ulong.MaxValue, int chunks = 8)
    {
        Device = new MemoryDevice(chunks);
        Options = new FlashStoreOptions
        {
            Shards = shards,
            SegmentBytes = 256 << 10,
            MemoryBudget = 64 << 20,
            HashMask = hashMask,
            BackgroundThread = false,
        };
        Superblock = new Superblock
        {
            Store = new StoreId(1, 2),
            ShardCount = shards,
            SegmentBytes = Options.SegmentBytes,
            HashSeed = 42,
            CreatedMilliseconds = 0,
        };
        Core = Open(Superblock);
    }

    public MemoryDevice Device { get; }

    public FlashStoreOptions Options { get; }

    public Superblock Superblock { get; private set; }

    public StoreCore Core { get; private set; }

    /// <summary>The block of the device at which a slot of a store's only shard begins.</summary>
    public long BlockOfSlot(int slot) =>
        MemoryDevice.ChunkBlocks + ((long)slot * Options.SegmentBytes / MemoryDevice.BlockBytes);

    /// <summary>What staging holds now, which is what a process that dies now leaves.</summary>
    public byte[] ReadStaging()
    {
        using var file = new FileStream(
            _staging, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        byte[] bytes = new byte[file.Length];
        file.ReadExactly(bytes);
        return bytes;
    }

    /// <summary>The next process opens the store, after this one died without a word.</summary>
    /// <param name="staging">
    /// What it left, if it died before now; the device is as it was then.
    /// </param>
    public void KillAndReopen(byte[]? staging = null)
    {
        Superblock = Core.Superblock;
        Core.Dispose();
        Device.Detach();
        if (staging is not null)
        {
            File.WriteAllBytes(_staging, staging);
        }

        Core = Open(Superblock);
    }

    /// <summary>
    /// The machine starts anew: staging is gone, and blocks that were not forced may be.
    /// </summary>
    public void CutPowerAndReopen(int seed)
    {
        Superblock = Core.Superblock;
        Core.Dispose();
        Device.Detach();
        Device.CutPower(seed);
        File.Delete(_staging);
        Core = Open(Superblock);
    }

    public ulong Put(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        ulong hash = Core.Context.Hasher.Hash(key);
        return Core.ShardOf(hash).Put(hash, key, value);
    }

    public bool Delete(ReadOnlySpan<byte> key)
    {
        ulong hash = Core.Context.Hasher.Hash(key);
        return Core.ShardOf(hash).Delete(hash, key, out _);
    }

    public byte[]? Get(ReadOnlySpan<byte> key)
    {
        ulong hash = Core.Context.Hasher.Hash(key);
        using Epoch.Operation operation = Epoch.Enter();
        if (!Core.ShardOf(hash).TryFind(hash, key, out FoundRecord found))
        {
            return null;
        }

        byte[] value = found.Record.Value.ToArray();
        found.Dispose();
        return value;
    }

    public void Dispose()
    {
        Core.Dispose();
        Directory.Delete(Path.GetDirectoryName(_staging)!, recursive: true);
    }

    private StoreCore Open(Superblock superblock)
    {
        MemoryLun meta = Device.OpenLun();
        meta.Resize(MemoryDevice.ChunkBlocks);
        VirtualLun[] luns = [.. Enumerable.Range(0, superblock.ShardCount)
            .Select(_ => Device.OpenLun())];
        return StoreCore.Open(superblock, meta, luns, _staging, Options);
    }
}
