namespace FlashKV.Workloads.Stores;

/// <summary>A session of a store that gets many one after the other, and knows no order.</summary>
internal abstract class StoreSession : IStoreSession
{
    private byte[][] _values = [];
    private int[] _lengths = [];

    /// <summary>Makes a session.</summary>
    /// <param name="valueBytes">The longest value.</param>
    protected StoreSession(int valueBytes) => ValueBytes = valueBytes;

    /// <summary>The longest value.</summary>
    protected int ValueBytes { get; }

    /// <inheritdoc/>
    public abstract void Put(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value);

    /// <inheritdoc/>
    public abstract int Get(ReadOnlySpan<byte> key, Span<byte> destination);

    /// <inheritdoc/>
    public abstract void Delete(ReadOnlySpan<byte> key);

    /// <inheritdoc/>
    public virtual int Modify(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, Span<byte> old)
    {
        int length = Get(key, old);
        Put(key, value);
        return length;
    }

    /// <inheritdoc/>
    public virtual int GetMany(KeyBatch keys)
    {
        Prepare(keys.Count);
        int found = 0;
        for (int i = 0; i < keys.Count; i++)
        {
            _lengths[i] = Get(keys[i], _values[i]);
            found += _lengths[i] >= 0 ? 1 : 0;
        }

        return found;
    }

    /// <inheritdoc/>
    public virtual ReadOnlySpan<byte> ValueAt(int index) =>
        _values[index].AsSpan(0, Math.Max(_lengths[index], 0));

    /// <inheritdoc/>
    public virtual int Scan(ReadOnlySpan<byte> from, int count, VisitRecord visit) =>
        throw new NotSupportedException("This store has no order.");

    /// <inheritdoc/>
    public void Dispose()
    {
        Close();
        GC.SuppressFinalize(this);
    }

    /// <summary>Gives back what the session holds.</summary>
    protected virtual void Close()
    {
    }

    private void Prepare(int count)
    {
        if (_values.Length < count)
        {
            _values = [.. Enumerable.Range(0, count).Select(_ => new byte[ValueBytes])];
            _lengths = new int[count];
        }
    }
}
