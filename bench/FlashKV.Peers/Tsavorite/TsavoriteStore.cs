using System.Numerics;
using System.Runtime.InteropServices;
using FlashKV.Workloads.Stores;
using Tsavorite.core;
using Allocator = Tsavorite.core.SpanByteAllocator<Tsavorite.core.StoreFunctions<
    Tsavorite.core.SpanByteComparer, Tsavorite.core.SpanByteRecordTriggers>>;
using Functions = Tsavorite.core.StoreFunctions<
    Tsavorite.core.SpanByteComparer, Tsavorite.core.SpanByteRecordTriggers>;

namespace FlashKV.Peers.Tsavorite;

/// <summary>
/// An open Tsavorite: keys and values of any length in its span allocator, log on a local file,
/// sized as FASTER is.
/// </summary>
internal sealed class TsavoriteStore : IStore
{
    // Header of a record, and the lengths of key and value, rounded up.
    private const int RecordOverhead = 24;
    private const int BucketBytes = 64;
    private const int KeysPerBucket = 2;
    private const long ColdIndexDivisor = 2;

    private readonly StoreSetup _setup;
    private readonly IDevice _device;
    private readonly KVSettings _settings;
    private readonly TsavoriteKV<Functions, Allocator> _store;

    public TsavoriteStore(StoreSetup setup)
    {
        _setup = setup;
        _device = Devices.CreateLogDevice(
            Path.Combine(setup.Directory, "hlog.log"), BestDevice(), deleteOnClose: false);
        long log = 2 * setup.Keys * (setup.KeyBytes + setup.ValueBytes + RecordOverhead);
        long index = setup.Keys / KeysPerBucket * BucketBytes;
        if (setup.IsCold)
        {
            index = setup.MemoryBytes / ColdIndexDivisor;
            log = setup.MemoryBytes - index;
        }

        _settings = new KVSettings
        {
            IndexSize = setup.IsCold ? PowerBelow(index) : PowerAbove(index),
            LogMemorySize = setup.IsCold ? PowerBelow(log) : PowerAbove(Math.Max(log, 1L << 27)),
            PageSize = setup.IsCold ? 1L << 20 : 1L << 25,
            SegmentSize = 1L << 30,
            LogDevice = _device,
            CheckpointDir = Path.Combine(setup.Directory, "checkpoints"),
        };
        _store = new TsavoriteKV<Functions, Allocator>(
            _settings,
            StoreFunctions.Create(new SpanByteComparer(), SpanByteRecordTriggers.Instance),
            static (settings, functions) => new Allocator(settings, functions));
    }

    public string Settings =>
        $"Tsavorite {PackageVersions.Of(typeof(IDevice))}, span allocator, index "
        + $"{_settings.IndexSize >> 20} MiB, log in memory {_settings.LogMemorySize >> 20} MiB in "
        + $"pages of {_settings.PageSize >> 10} KiB, mutable {_settings.MutableFraction}, unsafe "
        + $"contexts refreshed every {TsavoriteSession.RefreshEvery} operations, "
        + $"{_device.GetType().Name}";

    public bool IsOrdered => false;

    public IStoreSession OpenSession() => new TsavoriteSession(_store, _setup.ValueBytes);

    public void Flush() => _store.Log.Flush(wait: true);

    public void Settle()
    {
    }

    public void Dispose()
    {
        _store.Dispose();
        _device.Dispose();
    }

    /// <summary>Its own io_uring device, where that library is; else the runtime's files.</summary>
    private static DeviceType BestDevice() =>
        NativeLibrary.TryLoad("liburing.so.2", out _) ? DeviceType.Native : DeviceType.RandomAccess;

    private static long PowerAbove(long bytes) =>
        (long)BitOperations.RoundUpToPowerOf2((ulong)bytes);

    private static long PowerBelow(long bytes) => 1L << BitOperations.Log2((ulong)bytes);
}
