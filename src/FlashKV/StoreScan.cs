using FlashKV.Log;
using FlashKV.Shards;
using FlashKV.Snapshots;

namespace FlashKV;

/// <summary>
/// Goes through all keys of a store, in no order, shard after shard. A shard is seen as it was when
/// the scan came to it: each key that was there once, with the value it had, whatever is written
/// meanwhile. Different shards are seen at different moments.
/// </summary>
/// <remarks>
/// Use it in a <c>foreach</c>, on one thread. While it stands in a shard, compaction keeps the
/// segments of the shard, and every key of it that is written costs the scan some memory; dispose
/// it, as <c>foreach</c> does. It must not outlive the store.
/// </remarks>
public sealed class StoreScan : IDisposable
{
    private readonly StoreCore _core;
    private ShardScan? _scan;
    private int _next;

    internal StoreScan(StoreCore core) => _core = core;

    /// <summary>The key and value that the scan stands on.</summary>
    /// <exception cref="InvalidOperationException">It stands on none.</exception>
    public StoreEntry Current
    {
        get
        {
            ShardScan scan = _scan ?? throw new InvalidOperationException("The scan is at no key.");
            RecordView record = scan.Current;
            return new StoreEntry(record.Key, record.Value, record.Sequence);
        }
    }

    /// <summary>For <c>foreach</c>: the scan itself.</summary>
    /// <returns>This scan.</returns>
    public StoreScan GetEnumerator() => this;

    /// <summary>Goes on to the next key.</summary>
    /// <returns>false if there is none.</returns>
    /// <exception cref="CorruptStoreException">A record is damaged.</exception>
    /// <exception cref="Superpipe.DeviceException">The device failed.</exception>
    public bool MoveNext()
    {
        while (true)
        {
            if (_scan?.MoveNext() == true)
            {
                return true;
            }

            Dispose();
            if (_next == _core.Shards.Length)
            {
                return false;
            }

            _scan = new ShardScan(_core.Shards[_next++], _core.Context);
        }
    }

    /// <summary>Goes on to the end and counts the keys on the way.</summary>
    /// <returns>The number of keys.</returns>
    /// <exception cref="CorruptStoreException">A record is damaged.</exception>
    public long Count()
    {
        long count = 0;
        while (MoveNext())
        {
            count++;
        }

        return count;
    }

    /// <summary>Ends the scan.</summary>
    public void Dispose()
    {
        _scan?.Dispose();
        _scan = null;
    }
}
