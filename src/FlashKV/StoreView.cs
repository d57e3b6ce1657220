using FlashKV.Memory;
using FlashKV.Shards;
using FlashKV.Snapshots;

namespace FlashKV;

/// <summary>
/// A store as it was at one moment, for reading: a <see cref="StoreSnapshot"/> in the process that
/// has the store open, a <see cref="ClonedStore"/> in another one. It has a batch whole or not at
/// all, and no write without those that had returned before that write began.
/// </summary>
/// <remarks>Any number of threads may read it.</remarks>
public abstract class StoreView : IDisposable
{
    private readonly StoreContext _context;
    private readonly StoreCut _cut;

    private protected StoreView(StoreContext context, StoreCut cut)
    {
        _context = context;
        _cut = cut;
    }

    /// <summary>What lies below, for tests.</summary>
    internal StoreCut Cut => _cut;

    /// <summary>When its moment was.</summary>
    public abstract DateTimeOffset CreatedAt { get; }

    /// <summary>The shards of the store.</summary>
    public int ShardCount => _cut.Shards.Length;

    /// <summary>The last sequence number of a shard that it has.</summary>
    /// <param name="shard">0 to <see cref="ShardCount"/> - 1.</param>
    /// <returns>The sequence number.</returns>
    /// <exception cref="ArgumentOutOfRangeException">There is no such shard.</exception>
    public ulong GetSequence(int shard)
    {
        CheckShard(shard);
        return _cut.Shards[shard].Sequence;
    }

    /// <summary>Reads a value without allocating managed memory.</summary>
    /// <param name="key">1 to 65,535 bytes.</param>
    /// <param name="value">The value; the caller disposes it if the key is there.</param>
    /// <returns>Whether the key was there.</returns>
    /// <exception cref="ArgumentException">The key has a length out of range.</exception>
    /// <exception cref="SnapshotExpiredException">The snapshot was given up.</exception>
    /// <exception cref="CloneEndedException">The clone was ended by the store.</exception>
    /// <exception cref="ObjectDisposedException">It, or the store, is closed.</exception>
    /// <exception cref="CorruptStoreException">The record is damaged.</exception>
    /// <exception cref="Superpipe.DeviceException">The device failed.</exception>
    public bool TryGet(ReadOnlySpan<byte> key, out ValueLease value)
    {
        FlashStore.CheckKeyLength(key.Length);
        using Epoch.Operation operation = Epoch.Enter();
        if (!TryFind(key, out FoundRecord found))
        {
            value = default;
            return false;
        }

        value = found.Lease(_context.Buffers);
        return true;
    }

    /// <summary>Copies a value.</summary>
    /// <param name="key">1 to 65,535 bytes.</param>
    /// <param name="destination">
    /// Where to; a value that is longer is cut off at its end.
    /// </param>
    /// <returns>The length of the value in bytes; -1 if the key was not there.</returns>
    /// <exception cref="ArgumentException">The key has a length out of range.</exception>
    /// <exception cref="SnapshotExpiredException">The snapshot was given up.</exception>
    /// <exception cref="CloneEndedException">The clone was ended by the store.</exception>
    /// <exception cref="ObjectDisposedException">It, or the store, is closed.</exception>
    /// <exception cref="CorruptStoreException">The record is damaged.</exception>
    /// <exception cref="Superpipe.DeviceException">The device failed.</exception>
    public int Get(ReadOnlySpan<byte> key, Span<byte> destination)
    {
        FlashStore.CheckKeyLength(key.Length);
        using Epoch.Operation operation = Epoch.Enter();
        if (!TryFind(key, out FoundRecord found))
        {
            return -1;
        }

        using (found)
        {
            return FlashStore.Copy(found.Record.Value, destination);
        }
    }

    /// <summary>Reads a value into a new array.</summary>
    /// <param name="key">1 to 65,535 bytes.</param>
    /// <returns>The value; null if the key was not there.</returns>
    /// <exception cref="FlashStoreException">
    /// As in <see cref="TryGet"/>, with the others of it.
    /// </exception>
    public byte[]? Get(ReadOnlySpan<byte> key)
    {
        if (!TryGet(key, out ValueLease value))
        {
            return null;
        }

        using (value)
        {
            return value.Span.ToArray();
        }
    }

    /// <summary>Whether a key was there.</summary>
    /// <param name="key">1 to 65,535 bytes.</param>
    /// <returns>Whether it was.</returns>
    /// <exception cref="FlashStoreException">
    /// As in <see cref="TryGet"/>, with the others of it.
    /// </exception>
    public bool Contains(ReadOnlySpan<byte> key) => Get(key, []) >= 0;

    /// <summary>Reads the values of many keys, all of the view's moment.</summary>
    /// <param name="keys">The keys, 1 to 65,535 bytes each.</param>
    /// <param name="results">
    /// Gets the values, in the order of the keys; see <see cref="FlashStore.GetMany"/>.
    /// </param>
    /// <returns>How many of the keys were there.</returns>
    /// <exception cref="ArgumentException">A key has a length out of range.</exception>
    /// <exception cref="FlashStoreException">
    /// As in <see cref="TryGet"/>, with the others of it.
    /// </exception>
    public int GetMany(ReadOnlySpan<ReadOnlyMemory<byte>> keys, GetManyResult results)
    {
        ArgumentNullException.ThrowIfNull(results);
        foreach (ReadOnlyMemory<byte> key in keys)
        {
            FlashStore.CheckKeyLength(key.Length);
        }

        results.Begin(keys.Length);
        return ReadMany(keys, results);
    }

    /// <summary>Begins a scan of all its keys.</summary>
    /// <returns>The scan.</returns>
    public StoreScan Scan() => new(_cut, _context, Range.All);

    /// <summary>
    /// Begins a scan of the keys of one shard, so that several threads can share the work.
    /// </summary>
    /// <param name="shard">0 to <see cref="ShardCount"/> - 1.</param>
    /// <returns>The scan.</returns>
    /// <exception cref="ArgumentOutOfRangeException">There is no such shard.</exception>
    public StoreScan Scan(int shard)
    {
        CheckShard(shard);
        return new StoreScan(_cut, _context, shard..(shard + 1));
    }

    /// <summary>Ends the view. Reads under way are waited for.</summary>
    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Ends the view.</summary>
    /// <param name="disposing">Always true: there is no finalizer.</param>
    protected abstract void Dispose(bool disposing);

    /// <summary>Reads the values of keys into a result that was begun for them.</summary>
    internal virtual int ReadMany(
        ReadOnlySpan<ReadOnlyMemory<byte>> keys, GetManyResult results)
    {
        int found = 0;
        for (int i = 0; i < keys.Length; i++)
        {
            using Epoch.Operation operation = Epoch.Enter();
            if (!TryFind(keys[i].Span, out FoundRecord record))
            {
                continue;
            }

            using (record)
            {
                results.Set(i, record.Record.Value);
                found++;
            }
        }

        return found;
    }

    private bool TryFind(ReadOnlySpan<byte> key, out FoundRecord found)
    {
        ulong hash = _context.Hasher.Hash(key);
        ShardCut shard = _cut.Shards[_context.Hasher.ShardOf(hash)];
        _cut.ThrowIfEnded(shard);
        try
        {
            return shard.TryFind(hash, key, out found);
        }
        catch (Exception failure) when (_cut.Explain?.Invoke(failure) is { } because)
        {
            throw because;
        }
    }

    private void CheckShard(int shard)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(shard);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(shard, ShardCount);
    }
}
