using System.Runtime.CompilerServices;
using FlashKV.Index;
using FlashKV.Log;
using FlashKV.Memory;
using FlashKV.Superpipe;

namespace FlashKV.Shards;

/// <summary>
/// Reads many keys in stages, a group at a time, so that the cache misses of a group overlap: find
/// the lines of their buckets; find the records in them; copy what is in memory; then read what is
/// only on the device, from all shards at once. What the next stage looks at is asked for at once,
/// in a loop of its own (<see cref="PrefetchList"/>). One thread uses it at a time; it is kept, and
/// then allocates nothing.
/// </summary>
internal sealed class ManyReader
{
    // About as many misses as a processor can have under way, twice.
    public const int GroupLength = 64;

    // Large records are read in several batches, so that few buffers are out at once.
    private const int MaxBatchBytes = 1 << 20;

    private readonly ulong[] _hashes = new ulong[GroupLength];
    private readonly nint[] _lines = new nint[GroupLength];
    private readonly PrefetchList _wanted =
        new(GroupLength * PrefetchList.MaxLinesOfRegion);
    private readonly NativeRegion[] _foreseen = new NativeRegion[GroupLength];
    private readonly int[] _later = new int[GroupLength];
    private readonly NativeRegion[] _foreseenLater = new NativeRegion[GroupLength];
    private readonly DeviceRead[] _reads = new DeviceRead[GroupLength];
    private readonly BlockTransfer[] _transfers = new BlockTransfer[GroupLength];
    private readonly LunBatch[] _batches = new LunBatch[GroupLength];
    private int _laterCount;
    private int _readCount;
    private int _readBytes;
    private int _found;

    /// <summary>Reads the values of all keys into a result that was begun for them.</summary>
    /// <returns>How many of the keys are there.</returns>
    public int Read(
        StoreCore store, ReadOnlySpan<ReadOnlyMemory<byte>> keys, GetManyResult results)
    {
        _found = 0;
        for (int first = 0; first < keys.Length; first += GroupLength)
        {
            int length = Math.Min(GroupLength, keys.Length - first);
            using Epoch.Operation operation = Epoch.Enter();
            try
            {
                FindLines(store, keys.Slice(first, length));
                Foresee(store, length);
                Take(store, keys, first, length, results);
                TakeLater(store, keys, first, results);
                ReadPlanned(keys, results);
            }
            finally
            {
                GiveBackBuffers();
            }
        }

        return _found;
    }

    private void FindLines(StoreCore store, ReadOnlySpan<ReadOnlyMemory<byte>> group)
    {
        for (int i = 0; i < group.Length; i++)
        {
            ulong hash = store.Context.Hasher.Hash(group[i].Span);
            nint line = store.ShardOf(hash).Index.LineOf(hash);
            _wanted.Add(line);
            _hashes[i] = hash;
            _lines[i] = line;
        }

        _wanted.Prefetch();
    }

    private void Foresee(StoreCore store, int length)
    {
        _laterCount = 0;
        for (int i = 0; i < length; i++)
        {
            ulong hash = _hashes[i];
            NativeRegion bytes = store.ShardOf(hash).Foresee(_lines[i], hash, _wanted);
            _foreseen[i] = bytes;
            if (bytes.IsEmpty)
            {
                _later[_laterCount++] = i;
            }
        }

        _wanted.Prefetch();
        for (int later = 0; later < _laterCount; later++)
        {
            ulong hash = _hashes[_later[later]];
            _foreseenLater[later] = store.ShardOf(hash).ForeseeAgain(hash, _wanted);
        }

        _wanted.Prefetch();
    }

    private void Take(
        StoreCore store,
        ReadOnlySpan<ReadOnlyMemory<byte>> keys,
        int first,
        int length,
        GetManyResult results)
    {
        for (int i = 0; i < length; i++)
        {
            NativeRegion bytes = _foreseen[i];
            if (!bytes.IsEmpty && !TryTake(bytes, keys, first + i, results))
            {
                Find(store.ShardOf(_hashes[i]), _hashes[i], keys, first + i, results);
            }
        }
    }

    private void TakeLater(
        StoreCore store,
        ReadOnlySpan<ReadOnlyMemory<byte>> keys,
        int first,
        GetManyResult results)
    {
        for (int later = 0; later < _laterCount; later++)
        {
            int i = _later[later];
            NativeRegion bytes = _foreseenLater[later];
            if (bytes.IsEmpty || !TryTake(bytes, keys, first + i, results))
            {
                Find(store.ShardOf(_hashes[i]), _hashes[i], keys, first + i, results);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool TryTake(
        NativeRegion bytes,
        ReadOnlySpan<ReadOnlyMemory<byte>> keys,
        int index,
        GetManyResult results)
    {
        if (!RecordView.TryGetValue(bytes, keys[index].Span, out ReadOnlySpan<byte> value))
        {
            return false;
        }

        results.Set(index, value);
        _found++;
        return true;
    }

    /// <summary>Finds what was not foreseen: what is on the device, and what is not there.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private void Find(
        Shard shard,
        ulong hash,
        ReadOnlySpan<ReadOnlyMemory<byte>> keys,
        int index,
        GetManyResult results)
    {
        FindResult result = shard.TryFindInMemory(
            hash, keys[index].Span, out RecordView record, out IndexEntry entry);
        if (result == FindResult.Found)
        {
            Add(results, index, record);
        }
        else if (result == FindResult.OnDevice)
        {
            Plan(shard, entry, index, hash);
            if (_readBytes >= MaxBatchBytes)
            {
                ReadPlanned(keys, results);
            }
        }
    }

    private void Add(GetManyResult results, int index, in RecordView record)
    {
        results.Set(index, record.Value);
        _found++;
    }

    private void Plan(Shard shard, IndexEntry entry, int index, ulong hash)
    {
        PooledBuffer buffer = shard.BeginRead(entry, out BlockTransfer transfer);
        _reads[_readCount++] = new DeviceRead(shard, entry, index, hash, buffer, transfer);
        _readBytes += buffer.Length;
    }

    private void ReadPlanned(
        ReadOnlySpan<ReadOnlyMemory<byte>> keys, GetManyResult results)
    {
        TransferPlanned();
        for (int i = 0; i < _readCount; i++)
        {
            Finish(_reads[i], keys[_reads[i].Index].Span, results);
        }

        // One segment a turn, so that a few calls never wait for many of them.
        if (_readCount != 0)
        {
            _reads[0].Shard.Cache(_reads[0].Entry);
        }

        GiveBackBuffers();
    }

    private void TransferPlanned()
    {
        int batchCount = 0;
        int transferCount = 0;
        for (int i = 0; i < _readCount; i++)
        {
            if (!_reads[i].IsIssued)
            {
                int from = transferCount;
                Shard shard = _reads[i].Shard;
                transferCount = PlanAllOf(shard, i, transferCount);
                _batches[batchCount++] = new LunBatch(
                    shard.Log.Lun, _transfers.AsMemory(from, transferCount - from));
            }
        }

        if (batchCount != 0)
        {
            Lun.Transfer(_batches.AsSpan(0, batchCount));
        }
    }

    private int PlanAllOf(Shard shard, int first, int transferCount)
    {
        for (int i = first; i < _readCount; i++)
        {
            if (_reads[i].Shard == shard)
            {
                _transfers[transferCount++] = _reads[i].Transfer;
                _reads[i] = _reads[i] with { IsIssued = true };
            }
        }

        return transferCount;
    }

    private void Finish(in DeviceRead read, ReadOnlySpan<byte> key, GetManyResult results)
    {
        RecordView record = read.Shard.EndRead(read.Entry, read.Buffer);
        if (record.Key.SequenceEqual(key))
        {
            Add(results, read.Index, record);
        }
        else if (read.Shard.TryFind(read.Hash, key, out FoundRecord found))
        {
            // Another key has the same tag; that is rare enough to look at one by one.
            Add(results, read.Index, found.Record);
            found.Dispose();
        }
    }

    private void GiveBackBuffers()
    {
        for (int i = 0; i < _readCount; i++)
        {
            _reads[i].Buffer.Dispose();
            _reads[i] = default;
        }

        _readCount = 0;
        _readBytes = 0;
    }

    /// <summary>A record to be read from the device.</summary>
    private readonly record struct DeviceRead(
        Shard Shard,
        IndexEntry Entry,
        int Index,
        ulong Hash,
        PooledBuffer Buffer,
        BlockTransfer Transfer)
    {
        public bool IsIssued { get; init; }
    }
}
