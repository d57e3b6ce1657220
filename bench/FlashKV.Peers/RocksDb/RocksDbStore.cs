using FlashKV.Workloads.Stores;
using RocksDbSharp;

namespace FlashKV.Peers.RocksDb;

/// <summary>
/// An open RocksDB, tuned by its own <c>OptimizeForPointLookup</c> (Bloom filters, hash index in
/// blocks and memtable), large write buffers, no compression, and a cache for all blocks where the
/// data is to be in memory. Larger than memory it reads past the page cache, as the others do.
/// </summary>
internal sealed class RocksDbStore : IStore
{
    private const ulong WriteBufferBytes = 128 << 20;
    private const ulong ColdWriteBufferBytes = 8 << 20;
    private const int WriteBuffers = 4;
    private const int ColdWriteBuffers = 2;
    private const int ColdCacheDivisor = 2; // The rest is for filters and write buffers.

    private readonly StoreSetup _setup;
    private readonly RocksDbSharp.RocksDb _store;
    private readonly WriteOptions _writes;

    public RocksDbStore(StoreSetup setup)
    {
        _setup = setup;
        CacheMebibytes = (ulong)(setup.IsCold
            ? (setup.MemoryBytes >> 20) / ColdCacheDivisor
            : Math.Max(64, (2 * setup.UserBytes) >> 20));
        ulong buffer = setup.IsCold ? ColdWriteBufferBytes : WriteBufferBytes;
        DbOptions options = new DbOptions()
            .SetCreateIfMissing(true)
            .IncreaseParallelism(Environment.ProcessorCount)
            .OptimizeForPointLookup(CacheMebibytes)
            .SetCompression(Compression.No)
            .SetLevelCompactionDynamicLevelBytes(true)
            .SetWriteBufferSize(buffer)
            .SetMaxWriteBufferNumber(setup.IsCold ? ColdWriteBuffers : WriteBuffers)
            .SetTargetFileSizeBase(buffer)
            .SetMaxBytesForLevelBase(4 * buffer)
            .SetUseDirectReads(setup.IsCold)
            .SetMaxOpenFiles(-1);
        _store = RocksDbSharp.RocksDb.Open(options, setup.Directory);
        _writes = new WriteOptions().SetSync(setup.Durability == DurabilityClass.PowerCut);
        if (setup.Durability == DurabilityClass.MemoryOnly)
        {
            _writes.DisableWal(1);
        }
    }

    public string Settings =>
        $"RocksDB {PackageVersions.Of(typeof(RocksDbSharp.RocksDb))}, "
        + $"OptimizeForPointLookup({CacheMebibytes} MiB of cache), no compression, "
        + (_setup.IsCold
            ? $"{ColdWriteBuffers} write buffers of {ColdWriteBufferBytes >> 20} MiB, direct, "
            : $"{WriteBuffers} write buffers of {WriteBufferBytes >> 20} MiB, ")
        + _setup.Durability switch
        {
            DurabilityClass.MemoryOnly => "no WAL",
            DurabilityClass.KilledProcess => "WAL, no sync",
            _ => "WAL, sync",
        }
        + "; after loading: flushed and compacted";

    public bool IsOrdered => true;

    private ulong CacheMebibytes { get; }

    public IStoreSession OpenSession() => new RocksDbSession(_store, _writes, _setup.ValueBytes);

    public void Flush() => _store.Flush(new FlushOptions().SetWaitForFlush(true));

    public void Settle()
    {
        Flush();
        _store.CompactRange((byte[]?)null, null);
    }

    public void Dispose() => _store.Dispose();
}
