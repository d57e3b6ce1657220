using System.Runtime.CompilerServices;
using FlashKV.Index;
using FlashKV.Log;
using FlashKV.Memory;
using FlashKV.Shards;

namespace FlashKV.Snapshots;

/// <summary>
/// A shard as it was when a snapshot took its cut. Its segments are held, so that no record of it is
/// moved or lost, and writers note here what they replace or delete of it.
/// </summary>
internal sealed class ShardCut : IDisposable
{
    private readonly StoreContext _store;
    private readonly SupersededRecords _superseded;
    private readonly List<Segment> _segments;
    private int _isDisposed;

    /// <summary>
    /// Takes the cut. Nobody writes to the shard or compacts it meanwhile.
    /// </summary>
    public ShardCut(Shard shard, StoreContext store, bool isForClone)
    {
        Shard = shard;
        _store = store;
        _superseded = new SupersededRecords(store.Memory);
        Sequence = shard.Log.NextSequence - 1;
        _segments = shard.Log.HoldSegments(isForRecovery: isForClone);
        if (isForClone)
        {
            Extents = shard.Log.ExtentsOf(_segments);
        }
        else
        {
            shard.Cuts.Add(this);
        }
    }

    public Shard Shard { get; }

    /// <summary>The last sequence number that belongs to the cut.</summary>
    public ulong Sequence { get; }

    /// <summary>The segments with the records of the cut, in the order of their slots.</summary>
    public IReadOnlyList<Segment> Segments => _segments;

    /// <summary>How far the records of its segments went, for a clone; else empty.</summary>
    public IReadOnlyList<SegmentExtent> Extents { get; } = [];

    /// <summary>Returns when what a clone reads is on the device.</summary>
    public void Flush() => Shard.Log.FlushTo(Extents);

    /// <summary>Whether there was no memory to note what was replaced.</summary>
    public bool IsLost => _superseded.IsRefused;

    /// <summary>The memory that it takes.</summary>
    public long MemoryBytes => _superseded.Bytes;

    /// <summary>The bytes in its segments that count no more; 0 once it has let them go.</summary>
    public long HeldBytes() => Volatile.Read(ref _isDisposed) != 0
        ? 0
        : _segments.Sum(segment => (long)segment.DeadBytes(_store.Geometry));

    /// <summary>
    /// A record is about to be replaced or deleted; called before the index changes.
    /// </summary>
    public void Note(ulong hash, IndexEntry entry, ulong sequence)
    {
        if (sequence <= Sequence)
        {
            _superseded.Add(hash, entry);
        }
    }

    /// <summary>
    /// Whether a record of the cut's segments is what its key had at the cut. The caller is inside
    /// an operation.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool IsCurrent(ulong hash, long address) =>
        Shard.IsIndexed(hash, address) || _superseded.Contains(hash, address);

    /// <summary>
    /// Finds the record that a key had at the cut. The caller is inside an operation and disposes
    /// what is found.
    /// </summary>
    /// <exception cref="CorruptStoreException">A record with its hash is damaged.</exception>
    public bool TryFind(ulong hash, ReadOnlySpan<byte> key, out FoundRecord found)
    {
        if (Shard.TryFind(hash, key, out found))
        {
            if (found.Record.Sequence <= Sequence)
            {
                return true;
            }

            found.Dispose();
        }

        // Whoever took it from the index had noted it before.
        for (int i = 0; _superseded.TryFind(hash, i, out IndexEntry entry); i++)
        {
            found = Shard.Open(entry);
            if (found.Record.Key.SequenceEqual(key))
            {
                return true;
            }

            found.Dispose();
        }

        found = default;
        return false;
    }

    /// <summary>
    /// Lets the segments go. Nobody reads the cut any more: the caller has waited for that.
    /// </summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) != 0)
        {
            return;
        }

        Shard.Cuts.Remove(this);
        _segments.ForEach(static segment => segment.LetGo());

        // A writer that is still in an operation may be about to note something.
        Epoch.WaitForQuiescence();
        _superseded.Dispose();
        Shard.Log.AskForCompaction();
        _store.Work.Upkeep(Shard.Number);
    }
}
