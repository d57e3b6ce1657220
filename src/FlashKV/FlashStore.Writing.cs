using FlashKV.Shards;

namespace FlashKV;

/// <summary>Putting and deleting.</summary>
public sealed partial class FlashStore
{
    /// <summary>Puts a key, with the durability of the options.</summary>
    /// <param name="key">1 to 65,535 bytes.</param>
    /// <param name="value">The value; it may be empty.</param>
    /// <exception cref="ArgumentException">
    /// The key or the value has a length out of range.
    /// </exception>
    /// <exception cref="StoreFullException">
    /// The device has no room; nothing was changed.
    /// </exception>
    /// <exception cref="CorruptStoreException">
    /// A record with the hash of the key is damaged; nothing was changed.
    /// </exception>
    /// <exception cref="Superpipe.DeviceException">
    /// Such a record could not be read; nothing was changed.
    /// </exception>
    /// <exception cref="StoreFaultedException">
    /// The store failed earlier, or the flush failed; then the next opening shows whether the write
    /// survived.
    /// </exception>
    /// <exception cref="InsufficientMemoryException">
    /// The budget has no room for another key.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The store is closed.</exception>
    public void Put(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value) =>
        Put(key, value, _durability);

    /// <summary>Puts a key. Others may see it before it is durable.</summary>
    /// <param name="key">1 to 65,535 bytes.</param>
    /// <param name="value">The value; it may be empty.</param>
    /// <param name="durability">When the call returns.</param>
    /// <exception cref="ArgumentException">
    /// The key or the value has a length out of range.
    /// </exception>
    /// <exception cref="FlashStoreException">As in the other overload.</exception>
    public void Put(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, Durability durability)
    {
        CheckRecord(key, value.Length);
        ulong hash = _context.Hasher.Hash(key);
        Shard shard = _core.ShardOf(hash);
        ulong sequence = shard.Put(hash, key, value);
        if (durability == Durability.Durable)
        {
            shard.Log.WaitDurable(sequence);
        }
    }

    /// <summary>
    /// Puts a key; completes when it is as durable as wanted. The key and the value are copied
    /// before the call returns.
    /// </summary>
    /// <param name="key">1 to 65,535 bytes.</param>
    /// <param name="value">The value; it may be empty.</param>
    /// <param name="durability">When the task completes.</param>
    /// <param name="cancellationToken">
    /// Ends the wait for stable storage; the write stands all the same.
    /// </param>
    /// <returns>The write.</returns>
    /// <exception cref="ArgumentException">
    /// The key or the value has a length out of range.
    /// </exception>
    /// <exception cref="FlashStoreException">
    /// As in <see cref="Put(ReadOnlySpan{byte}, ReadOnlySpan{byte})"/>.
    /// </exception>
    public ValueTask PutAsync(
        ReadOnlyMemory<byte> key,
        ReadOnlyMemory<byte> value,
        Durability durability = Durability.Durable,
        CancellationToken cancellationToken = default)
    {
        CheckRecord(key.Span, value.Length);
        cancellationToken.ThrowIfCancellationRequested();
        ulong hash = _context.Hasher.Hash(key.Span);
        Shard shard = _core.ShardOf(hash);
        ulong sequence = shard.Put(hash, key.Span, value.Span);
        return durability == Durability.Durable
            ? shard.Log.WaitDurableAsync(sequence, cancellationToken)
            : ValueTask.CompletedTask;
    }

    /// <summary>Deletes a key, with the durability of the options.</summary>
    /// <param name="key">1 to 65,535 bytes.</param>
    /// <returns>Whether the key was there.</returns>
    /// <exception cref="ArgumentException">The key has a length out of range.</exception>
    /// <exception cref="FlashStoreException">As when putting.</exception>
    public bool Delete(ReadOnlySpan<byte> key) => Delete(key, _durability);

    /// <summary>Deletes a key.</summary>
    /// <param name="key">1 to 65,535 bytes.</param>
    /// <param name="durability">When the call returns, if the key was there.</param>
    /// <returns>Whether the key was there.</returns>
    /// <exception cref="ArgumentException">The key has a length out of range.</exception>
    /// <exception cref="FlashStoreException">As when putting.</exception>
    public bool Delete(ReadOnlySpan<byte> key, Durability durability)
    {
        CheckKey(key);
        ulong hash = _context.Hasher.Hash(key);
        Shard shard = _core.ShardOf(hash);
        bool existed = shard.Delete(hash, key, out ulong sequence);
        if (existed && durability == Durability.Durable)
        {
            shard.Log.WaitDurable(sequence);
        }

        return existed;
    }

    /// <summary>Makes an empty batch of puts and deletes that take effect together.</summary>
    /// <returns>The batch; the caller disposes it.</returns>
    /// <exception cref="ObjectDisposedException">The store is closed.</exception>
    public WriteBatch CreateBatch()
    {
        ThrowIfDisposed();
        return new WriteBatch(this, _core);
    }
}
