using System.Diagnostics.CodeAnalysis;
using System.Numerics;
using System.Runtime.CompilerServices;
using FlashKV.Index;
using FlashKV.Memory;
using FlashKV.Shards;

namespace FlashKV.Recovery;

/// <summary>
/// Gives the index of a shard the newest record of every key. The records are parted by the bits of
/// their hashes that choose the bucket, so that a part, the table in which it is looked through, and
/// the buckets it goes to fit into the cache of the processor.
/// </summary>
/// <remarks>
/// Its loops run once and for long, so they are compiled at once at the highest tier.
/// </remarks>
internal sealed class IndexBuilder : IDisposable
{
    private const int RecordsPerPart = 4096;
    private const int MaxParts = 1024;
    private const int PrefetchDistance = 8;
    private const ulong Mix = 0x9E37_79B9_7F4A_7C15;

    private readonly Shard _shard;
    private readonly StoreContext _store;
    private readonly PartitionedList<RecoveredRecord> _parts;
    private readonly int _partShift;
    private readonly HashSet<ulong> _colliding = [];
    private RecoveredRecord[] _records = [];
    private bool[] _isOld = [];
    private int[] _table = [];
    private long _count;
    private int _inserted;

    /// <summary>Begins with no record.</summary>
    /// <param name="shard">The shard, whose index is empty.</param>
    /// <param name="store">The store.</param>
    /// <param name="expected">About how many records there will be.</param>
    public IndexBuilder(Shard shard, StoreContext store, long expected)
    {
        _shard = shard;
        _store = store;
        int parts = (int)Math.Clamp(expected / RecordsPerPart, 1, MaxParts);
        _parts = new PartitionedList<RecoveredRecord>(
            (int)BitOperations.RoundUpToPowerOf2((uint)parts));
        int bucketBits = BitOperations.Log2((ulong)(expected / HashIndex.TargetLoad) + 1);
        _partShift = Math.Max(0, bucketBits - BitOperations.Log2((uint)_parts.PartitionCount));
    }

    /// <summary>Adds a record that counts.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Add(in RecoveredRecord record)
    {
        int part = (int)(record.Hash >> _partShift) & (_parts.PartitionCount - 1);
        _parts.Add(part, record);
        _count++;
    }

    /// <summary>Fills the index. Called once.</summary>
    /// <exception cref="InsufficientMemoryException">The budget is too small for it.</exception>
    /// <exception cref="CorruptStoreException">A record that was read is damaged.</exception>
    public void Build()
    {
        for (int part = 0; part < _parts.PartitionCount; part++)
        {
            int count = Load(part);
            MarkOld(count);
            if (part == 0)
            {
                Prepare(count);
            }

            Insert(count);
            foreach (ulong hash in _colliding)
            {
                InsertColliding(_records.AsSpan(0, count), hash);
            }

            _shard.Index.EndLoad(_inserted);
            _inserted = 0;
        }
    }

    public void Dispose() => _parts.Dispose();

    private int Load(int part)
    {
        int count = _parts.CountOf(part);
        if (_records.Length < count)
        {
            int length = (int)BitOperations.RoundUpToPowerOf2((uint)count);
            _records = new RecoveredRecord[length];
            _isOld = new bool[length];
            _table = new int[2 * length];
        }

        _parts.CopyTo(part, _records.AsSpan(0, count));
        return count;
    }

    /// <summary>
    /// Marks all records of a hash but the newest, and notes the hashes that several keys have.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void MarkOld(int count)
    {
        // Numbers of records, from 1, where their hash leads or behind.
        int[] table = _table;
        RecoveredRecord[] records = _records;
        bool[] isOld = _isOld;
        int mask = table.Length - 1;
        int shift = 64 - BitOperations.Log2((uint)Math.Max(table.Length, 2));
        Array.Clear(table);
        Array.Clear(isOld);
        _colliding.Clear();
        for (int i = 0; i < count; i++)
        {
            ulong hash = records[i].Hash;
            int place = (int)(hash * Mix >> shift);
            while (table[place] != 0 && records[table[place] - 1].Hash != hash)
            {
                place = (place + 1) & mask;
            }

            int other = table[place] - 1;
            bool isNewest = other < 0 || records[i].Sequence >= records[other].Sequence;
            if (isNewest)
            {
                table[place] = i + 1;
            }

            if (other >= 0)
            {
                isOld[isNewest ? other : i] = true;
            }

            if (records[i].Collides)
            {
                _colliding.Add(hash);
            }
        }
    }

    // The parts are alike, so the first one tells about how many keys there are.
    private void Prepare(int count)
    {
        long keys = 0;
        for (int i = 0; i < count; i++)
        {
            keys += _isOld[i] || _records[i].IsTombstone ? 0 : 1;
        }

        // Without memory for so many buckets, what there are must do.
        _ = _shard.Index.EnsureCapacity(Math.Min(_count, keys * _parts.PartitionCount));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Insert(int count)
    {
        RecoveredRecord[] records = _records;
        for (int i = 0; i < count; i++)
        {
            if (i + PrefetchDistance < count)
            {
                _shard.Index.Prefetch(records[i + PrefetchDistance].Hash);
            }

            if (!_isOld[i] && (_colliding.Count == 0 || !_colliding.Contains(records[i].Hash)))
            {
                Insert(records[i]);
            }
        }
    }

    // Several keys share the hash: only their bytes tell them apart.
    private void InsertColliding(ReadOnlySpan<RecoveredRecord> part, ulong hash)
    {
        List<RecoveredRecord> records = [];
        foreach (RecoveredRecord record in part)
        {
            if (record.Hash == hash)
            {
                records.Add(record);
            }
        }

        records.Sort(static (left, right) => right.Sequence.CompareTo(left.Sequence));
        var keys = new HashSet<string>(StringComparer.Ordinal);
        foreach (RecoveredRecord record in records)
        {
            using Epoch.Operation operation = Epoch.Enter();
            using FoundRecord found = _shard.Open(record.Entry);
            if (keys.Add(Convert.ToHexString(found.Record.Key)))
            {
                Insert(record);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Insert(in RecoveredRecord record)
    {
        if (record.IsTombstone)
        {
            return;
        }

        if (!_shard.Index.TryLoad(record.Hash, record.Entry))
        {
            ThrowNoRoom();
        }

        _inserted++;
        _shard.SegmentOf(record.Position).AddLive(record.Size);
    }

    [DoesNotReturn]
    private void ThrowNoRoom() =>
        throw new InsufficientMemoryException(
            $"The memory budget of {_store.Memory.BudgetBytes} bytes is too small for the index "
            + "of this store.");
}
