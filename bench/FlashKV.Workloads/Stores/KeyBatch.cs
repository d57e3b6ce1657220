namespace FlashKV.Workloads.Stores;

/// <summary>Keys to get at once, in the forms in which stores take them.</summary>
internal sealed class KeyBatch
{
    private readonly byte[][] _keys;
    private readonly ReadOnlyMemory<byte>[] _memory;

    /// <summary>Makes room for keys.</summary>
    /// <param name="count">How many.</param>
    /// <param name="keyBytes">The bytes of each.</param>
    public KeyBatch(int count, int keyBytes)
    {
        _keys = [.. Enumerable.Range(0, count).Select(_ => new byte[keyBytes])];
        _memory = [.. _keys.Select(key => (ReadOnlyMemory<byte>)key)];
    }

    /// <summary>How many there are.</summary>
    public int Count => _keys.Length;

    /// <summary>The keys as memory.</summary>
    public ReadOnlySpan<ReadOnlyMemory<byte>> Memory => _memory;

    /// <summary>A key.</summary>
    /// <param name="index">Its place, from 0.</param>
    public Span<byte> this[int index] => _keys[index];

    /// <summary>The keys as arrays, for stores that take nothing else.</summary>
    /// <returns>The arrays themselves.</returns>
    public byte[][] ToArrays() => _keys;
}
