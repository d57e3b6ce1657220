namespace FlashKV.Shards;

/// <summary>One put or delete of a batch.</summary>
/// <param name="Hash">The hash of its key.</param>
/// <param name="Shard">The shard of its key.</param>
/// <param name="Order">Its place among the operations of the batch.</param>
/// <param name="Offset">Where its key begins in the bytes of the batch; the value follows.</param>
/// <param name="KeyLength">The length of its key.</param>
/// <param name="ValueLength">The length of its value.</param>
/// <param name="IsDelete">Whether it deletes.</param>
internal readonly record struct BatchOperation(
    ulong Hash, int Shard, int Order, int Offset, int KeyLength, int ValueLength, bool IsDelete)
    : IComparable<BatchOperation>
{
    /// <summary>Orders by shard, then by hash, then as they were added.</summary>
    public int CompareTo(BatchOperation other)
    {
        int byShard = Shard.CompareTo(other.Shard);
        int byHash = byShard != 0 ? byShard : Hash.CompareTo(other.Hash);
        return byHash != 0 ? byHash : Order.CompareTo(other.Order);
    }
}
