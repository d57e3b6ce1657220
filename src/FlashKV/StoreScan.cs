using FlashKV.Log;
using FlashKV.Shards;
using FlashKV.Snapshots;

namespace FlashKV;

/// <summary>
/// Goes through all keys of a store, in no order, as they were when the scan began: each key that
/// was there once, with the value it had, whatever is written meanwhile. A batch is seen whole or
/// not at all.
/// </summary>
/// <remarks>
/// Use it in a <c>foreach</c>, on one thread. Until it has passed a shard, compaction keeps the
/// shard's segments, and every key of it that is replaced costs the scan some memory; dispose it,
/// as <c>foreach</c> does. It must not outlive the store.
/// </remarks>
public sealed class StoreScan : IDisposable
{
    private readonly StoreCut _cut;
    private readonly StoreContext _context;
    private readonly bool _ownsCut;
    private readonly int _end;
    private ShardScan? _scan;
    private int _next;

    /// <summary>A scan over a snapshot of its own.</summary>
    internal StoreScan(StoreCore core)
        : this(
            StoreCut.Take(core, new SnapshotOptions()),
            core.Context,
            Range.All) =>
        _ownsCut = true;

    /// <summary>A scan over some shards of a snapshot.</summary>
    internal StoreScan(StoreCut cut, StoreContext context, Range shards)
    {
        (int first, int length) = shards.GetOffsetAndLength(cut.Shards.Length);
        _cut = cut;
        _context = context;
        _next = first;
        _end = first + length;
    }

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
    /// <exception cref="SnapshotExpiredException">
    /// The snapshot was given up: the memory budget had no room for it, or it reached a limit.
    /// </exception>
    /// <exception cref="CloneEndedException">The clone was ended by the store.</exception>
    /// <exception cref="ObjectDisposedException">The store or the view is closed.</exception>
    /// <exception cref="Superpipe.DeviceException">The device failed.</exception>
    public bool MoveNext()
    {
        while (true)
        {
            if (MoveInShard())
            {
                return true;
            }

            EndShard();
            if (_next == _end)
            {
                Dispose();
                return false;
            }

            _scan = new ShardScan(_cut, _cut.Shards[_next++], _context);
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
        EndShard();
        _next = _end;
        if (_ownsCut)
        {
            _cut.End(CutEnd.Disposed);
        }
    }

    private bool MoveInShard()
    {
        try
        {
            return _scan?.MoveNext() == true;
        }
        catch (Exception failure) when (_cut.Explain?.Invoke(failure) is { } because)
        {
            throw because;
        }
    }

    // Nobody but this scan reads a cut of its own, and it does not come back to a shard.
    private void EndShard()
    {
        if (_scan is not null)
        {
            _scan.Dispose();
            _scan = null;
            if (_ownsCut)
            {
                _cut.Shards[_next - 1].Dispose();
            }
        }
    }
}
