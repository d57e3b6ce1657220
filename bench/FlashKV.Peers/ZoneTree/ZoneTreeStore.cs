using FlashKV.Workloads.Stores;
using ZoneTree;
using ZoneTree.Comparers;
using ZoneTree.Options;
using ZoneTree.Serializers;

namespace FlashKV.Peers.ZoneTree;

/// <summary>
/// An open ZoneTree: byte arrays in their order, its own maintainer for merges, no compression. To
/// survive a killed process each put is written to its write-ahead log before it returns.
/// </summary>
internal sealed class ZoneTreeStore : IStore
{
    private const int MutableItems = 1_000_000;

    private readonly StoreSetup _setup;
    private readonly WriteAheadLogMode _mode;
    private readonly IZoneTree<Memory<byte>, Memory<byte>> _tree;
    private readonly IMaintainer _maintainer;

    public ZoneTreeStore(StoreSetup setup)
    {
        _setup = setup;
        _mode = setup.Durability == DurabilityClass.MemoryOnly
            ? WriteAheadLogMode.None
            : WriteAheadLogMode.Sync;
        _tree = new ZoneTreeFactory<Memory<byte>, Memory<byte>>()
            .SetDataDirectory(setup.Directory)
            .SetWriteAheadLogDirectory(setup.Directory)
            .SetComparer(new ByteArrayLexicographicComparerAscending())
            .SetKeySerializer(new ByteArraySerializer())
            .SetValueSerializer(new ByteArraySerializer())
            .SetIsDeletedDelegate((in Memory<byte> _, in Memory<byte> value) => value.IsEmpty)
            .SetMarkValueDeletedDelegate((ref Memory<byte> value) => value = Memory<byte>.Empty)
            .SetMutableSegmentMaxItemCount(MutableItems)
            .ConfigureWriteAheadLogOptions(options => options.WriteAheadLogMode = _mode)
            .ConfigureDiskSegmentOptions(options =>
                options.CompressionMethod = CompressionMethod.None)
            .OpenOrCreate();
        _maintainer = _tree.CreateMaintainer();
    }

    public string Settings =>
        $"ZoneTree {PackageVersions.Of(typeof(IMaintainer))}, log {_mode}, mutable segment of "
        + $"{MutableItems} records, no compression, maintainer on";

    public bool IsOrdered => true;

    public IStoreSession OpenSession() => new ZoneTreeSession(_tree, _setup.ValueBytes);

    public void Flush() => _tree.SyncWALAsync(CancellationToken.None).GetAwaiter().GetResult();

    public void Settle()
    {
        _maintainer.EvictToDisk();
        _maintainer.WaitForBackgroundThreads();
    }

    public void Dispose()
    {
        _maintainer.WaitForBackgroundThreads();
        _maintainer.Dispose();
        _tree.Dispose();
    }
}
