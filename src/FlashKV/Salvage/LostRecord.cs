namespace FlashKV.Salvage;

/// <summary>A record that is known to have been there and cannot be read.</summary>
/// <param name="Shard">Its shard.</param>
/// <param name="Hash">The hash of its key.</param>
/// <param name="Sequence">Its sequence number.</param>
/// <param name="IsTombstone">Whether it said that the key is deleted.</param>
/// <param name="SharesHash">Whether another key had its hash when it was written.</param>
/// <param name="Key">Its key; null if that is not known.</param>
internal readonly record struct LostRecord(
    int Shard, ulong Hash, ulong Sequence, bool IsTombstone, bool SharesHash, byte[]? Key);
