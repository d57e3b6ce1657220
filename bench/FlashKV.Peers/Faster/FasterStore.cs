using System.Numerics;
using FASTER.core;
using FlashKV.Workloads.Stores;

namespace FlashKV.Peers.Faster;

/// <summary>
/// An open FASTER: keys and values of any length (<see cref="SpanByte"/>), log on a local file. In
/// memory the log has room for all records twice, nine tenths of it updated in place, and the index
/// a bucket for every two keys, as FASTER's own benchmark has it.
/// </summary>
internal sealed class FasterStore : IStore
{
    // Header of a record, and the lengths of key and value, rounded up.
    private const int RecordOverhead = 24;
    private const int BucketBytes = 64;
    private const int KeysPerBucket = 2;
    private const long ColdIndexDivisor = 2;

    private readonly StoreSetup _setup;
    private readonly IDevice _device;
    private readonly FasterKVSettings<SpanByte, SpanByte> _settings;
    private readonly FasterKV<SpanByte, SpanByte> _store;

    public FasterStore(StoreSetup setup)
    {
        _setup = setup;
        _device = Devices.CreateLogDevice(
            Path.Combine(setup.Directory, "hlog.log"), deleteOnClose: false);
        long log = 2 * setup.Keys * (setup.KeyBytes + setup.ValueBytes + RecordOverhead);
        long index = setup.Keys / KeysPerBucket * BucketBytes;
        if (setup.IsCold)
        {
            index = setup.MemoryBytes / ColdIndexDivisor;
            log = setup.MemoryBytes - index;
        }

        _settings = new FasterKVSettings<SpanByte, SpanByte>
        {
            IndexSize = setup.IsCold ? PowerBelow(index) : PowerAbove(index),
            MemorySize = setup.IsCold ? PowerBelow(log) : PowerAbove(Math.Max(log, 1L << 26)),
            PageSize = setup.IsCold ? 1L << 20 : 1L << 25,
            SegmentSize = 1L << 30,
            LogDevice = _device,
            EqualityComparer = new SpanByteComparer(),
            ConcurrencyControlMode = ConcurrencyControlMode.RecordIsolation,
            CheckpointDir = Path.Combine(setup.Directory, "checkpoints"),
        };
        _store = new FasterKV<SpanByte, SpanByte>(_settings);
    }

    public string Settings =>
        $"Microsoft.FASTER.Core {PackageVersions.Of(typeof(IDevice))}, SpanByte, index "
        + $"{_settings.IndexSize >> 20} MiB, log in memory {_settings.MemorySize >> 20} MiB in "
        + $"pages of {_settings.PageSize >> 10} KiB, mutable {_settings.MutableFraction}, "
        + $"{_settings.ConcurrencyControlMode}, unsafe contexts refreshed every "
        + $"{FasterSession.RefreshEvery} operations, {_device.GetType().Name}";

    public bool IsOrdered => false;

    public IStoreSession OpenSession() => new FasterSession(_store, _setup.ValueBytes);

    public void Flush() => _store.Log.Flush(wait: true);

    public void Settle()
    {
    }

    public void Dispose()
    {
        _store.Dispose();
        _device.Dispose();
    }

    private static long PowerAbove(long bytes) =>
        (long)BitOperations.RoundUpToPowerOf2((ulong)bytes);

    private static long PowerBelow(long bytes) => 1L << BitOperations.Log2((ulong)bytes);
}
