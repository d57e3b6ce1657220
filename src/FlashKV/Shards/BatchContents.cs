namespace FlashKV.Shards;

/// <summary>The operations of a batch, with copies of their keys and values.</summary>
internal sealed class BatchContents
{
    private const int FirstBytes = 4096;

    private readonly List<BatchOperation> _operations = [];
    private byte[] _bytes = [];
    private int _used;

    /// <summary>The operations added, those that a later one overrides among them.</summary>
    public int Count => _operations.Count;

    public void Add(
        ulong hash, int shard, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, bool isDelete)
    {
        Grow((long)_used + key.Length + value.Length);
        _operations.Add(new BatchOperation(
            hash, shard, _operations.Count, _used, key.Length, value.Length, isDelete));
        key.CopyTo(_bytes.AsSpan(_used));
        value.CopyTo(_bytes.AsSpan(_used + key.Length));
        _used += key.Length + value.Length;
    }

    public void Clear()
    {
        _operations.Clear();
        _used = 0;
    }

    public ReadOnlySpan<byte> KeyOf(in BatchOperation operation) =>
        _bytes.AsSpan(operation.Offset, operation.KeyLength);

    public ReadOnlySpan<byte> ValueOf(in BatchOperation operation) =>
        _bytes.AsSpan(operation.Offset + operation.KeyLength, operation.ValueLength);

    /// <summary>The last operation on each key, ordered by shard and hash.</summary>
    public List<BatchOperation> LastOnEachKey()
    {
        BatchOperation[] sorted = [.. _operations];
        sorted.AsSpan().Sort();
        var last = new List<BatchOperation>(sorted.Length);
        for (int i = 0; i < sorted.Length; i++)
        {
            if (!IsOverridden(sorted, i))
            {
                last.Add(sorted[i]);
            }
        }

        return last;
    }

    // Operations with the same hash stand side by side in the order in which they were added.
    private bool IsOverridden(BatchOperation[] sorted, int index)
    {
        for (int i = index + 1; i < sorted.Length && sorted[i].Hash == sorted[index].Hash; i++)
        {
            if (KeyOf(sorted[i]).SequenceEqual(KeyOf(sorted[index])))
            {
                return true;
            }
        }

        return false;
    }

    private void Grow(long needed)
    {
        if (needed > _bytes.Length)
        {
            if (needed > Array.MaxLength)
            {
                throw new ArgumentException(
                    $"The keys and values of a batch can have {Array.MaxLength} bytes in all.");
            }

            long size = Math.Max(Math.Max(needed, FirstBytes), 2L * _bytes.Length);
            Array.Resize(ref _bytes, (int)Math.Min(size, Array.MaxLength));
        }
    }
}
