namespace FlashKV.Workloads.Stores;

/// <summary>What one thread does with a store.</summary>
internal interface IStoreSession : IDisposable
{
    /// <summary>Writes a record, in the store's durability class.</summary>
    /// <param name="key">The key.</param>
    /// <param name="value">The value.</param>
    void Put(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value);

    /// <summary>Copies a value.</summary>
    /// <param name="key">The key.</param>
    /// <param name="destination">At least as long as the value.</param>
    /// <returns>The length of the value; -1 if the key is not there.</returns>
    int Get(ReadOnlySpan<byte> key, Span<byte> destination);

    /// <summary>
    /// Reads a value and writes another of the same length: as one step where the store has one.
    /// </summary>
    /// <param name="key">The key, which is there.</param>
    /// <param name="value">The new value.</param>
    /// <param name="old">Gets the old value, where the store hands it out.</param>
    /// <returns>The length of the old value; -1 if the key is not there.</returns>
    int Modify(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, Span<byte> old);

    /// <summary>Deletes a record.</summary>
    /// <param name="key">The key.</param>
    void Delete(ReadOnlySpan<byte> key);

    /// <summary>
    /// Gets many, with as many in flight as the store can; <see cref="ValueAt"/> has the values.
    /// </summary>
    /// <param name="keys">The keys.</param>
    /// <returns>How many are there.</returns>
    int GetMany(KeyBatch keys);

    /// <summary>A value of the last <see cref="GetMany"/>, until the next call.</summary>
    /// <param name="index">The place of the key, from 0.</param>
    /// <returns>The value; empty if the key is not there.</returns>
    ReadOnlySpan<byte> ValueAt(int index);

    /// <summary>Reads records in the order of their keys.</summary>
    /// <param name="from">The first key, or where it would be.</param>
    /// <param name="count">The most records.</param>
    /// <param name="visit">Sees each.</param>
    /// <returns>How many there were.</returns>
    int Scan(ReadOnlySpan<byte> from, int count, VisitRecord visit);
}

/// <summary>Sees a record of a scan.</summary>
/// <param name="key">The key, during the call.</param>
/// <param name="value">The value, during the call.</param>
internal delegate void VisitRecord(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value);
