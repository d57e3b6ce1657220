using FlashKV.Log;
using FlashKV.Shards;

namespace FlashKV;

/// <summary>
/// Puts and deletes that take effect together, whatever shards their keys are in: every reader who
/// sees one of them sees the others afterwards, and after a crash all of them are there or none.
/// </summary>
/// <remarks>
/// <para>
/// Of several operations on one key the last counts. Keys and values are copied when they are
/// added. After a commit the batch is empty and can be used again. It stays as it was if the commit
/// says that nothing was changed; if the flush fails, or the wait for it is cancelled, the batch
/// was written, others may have seen it, and it is empty.
/// </para>
/// <para>
/// What a batch writes for one shard must fit into two segments of
/// <see cref="FlashStoreOptions.SegmentBytes"/>. A batch whose keys and values, with 48 bytes more
/// for each operation, have no more than a segment less 16 KiB always fits.
/// </para>
/// <para>One thread uses a batch at a time. It is disposed before the store.</para>
/// </remarks>
public sealed class WriteBatch : IDisposable
{
    private readonly FlashStore _store;
    private readonly StoreCore _core;
    private readonly BatchContents _contents = new();
    private bool _disposed;

    internal WriteBatch(FlashStore store, StoreCore core)
    {
        _store = store;
        _core = core;
    }

    /// <summary>The operations added since the batch was empty.</summary>
    public int Count => _contents.Count;

    /// <summary>Adds a put.</summary>
    /// <param name="key">1 to 65,535 bytes.</param>
    /// <param name="value">
    /// The value; it may be empty. With the key at most <see cref="FlashStore.MaxRecordLength"/>
    /// less 8 bytes.
    /// </param>
    /// <exception cref="ArgumentException">
    /// The key or the value has a length out of range, or the batch has more bytes than an array
    /// can.
    /// </exception>
    /// <exception cref="ObjectDisposedException">
    /// The batch is disposed or the store is closed.
    /// </exception>
    public void Put(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value) =>
        Add(key, value, isDelete: false);

    /// <summary>Adds a delete; of a key that is not there it does nothing.</summary>
    /// <param name="key">1 to 65,535 bytes.</param>
    /// <exception cref="ArgumentException">The key has a length out of range.</exception>
    /// <exception cref="ObjectDisposedException">
    /// The batch is disposed or the store is closed.
    /// </exception>
    public void Delete(ReadOnlySpan<byte> key) => Add(key, [], isDelete: true);

    /// <summary>Takes all operations out.</summary>
    public void Clear() => _contents.Clear();

    /// <summary>Commits the batch with the durability of the store's options.</summary>
    /// <exception cref="ArgumentException">The batch is too large; nothing was changed.</exception>
    /// <exception cref="StoreFullException">
    /// The device has no room; nothing was changed.
    /// </exception>
    /// <exception cref="StoreFaultedException">
    /// The store failed earlier, or the flush failed; then the next opening shows whether the batch
    /// survived.
    /// </exception>
    /// <exception cref="CorruptStoreException">
    /// A record with the hash of a key is damaged; nothing was changed.
    /// </exception>
    /// <exception cref="InsufficientMemoryException">
    /// The budget has no room for the new keys; nothing was changed.
    /// </exception>
    /// <exception cref="ObjectDisposedException">
    /// The batch is disposed or the store is closed.
    /// </exception>
    public void Commit() => Commit(_core.Context.Options.Durability);

    /// <summary>Commits the batch. Others may see it before it is durable.</summary>
    /// <param name="durability">When the call returns.</param>
    /// <exception cref="ArgumentException">The batch is too large; nothing was changed.</exception>
    /// <exception cref="FlashStoreException">As in the other overload.</exception>
    public void Commit(Durability durability)
    {
        BatchWriter writer = Write();
        if (durability == Durability.Durable)
        {
            writer.WaitDurable();
        }
    }

    /// <summary>Commits the batch; completes when it is as durable as wanted.</summary>
    /// <param name="durability">When the task completes.</param>
    /// <param name="cancellationToken">
    /// Ends the wait for stable storage; the batch stands all the same.
    /// </param>
    /// <returns>The commit.</returns>
    /// <exception cref="ArgumentException">The batch is too large; nothing was changed.</exception>
    /// <exception cref="FlashStoreException">As in <see cref="Commit()"/>.</exception>
    public ValueTask CommitAsync(
        Durability durability = Durability.Durable, CancellationToken cancellationToken = default)
    {
        cancellationToken.ThrowIfCancellationRequested();
        BatchWriter writer = Write();
        return durability == Durability.Durable
            ? writer.WaitDurableAsync(cancellationToken)
            : ValueTask.CompletedTask;
    }

    /// <summary>Ends the use of the batch; what was not committed is dropped.</summary>
    public void Dispose()
    {
        _disposed = true;
        _contents.Clear();
    }

    private BatchWriter Write()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        _store.ThrowIfDisposed();
        var writer = new BatchWriter(_core, _contents);
        writer.Write();
        _contents.Clear();
        return writer;
    }

    private void Add(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, bool isDelete)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        _store.CheckRecord(key, value.Length, RecordFormat.BatchIdBytes);
        ulong hash = _core.Context.Hasher.Hash(key);
        _contents.Add(hash, _core.Context.Hasher.ShardOf(hash), key, value, isDelete);
    }
}
