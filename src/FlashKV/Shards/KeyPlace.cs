using FlashKV.Index;

namespace FlashKV.Shards;

/// <summary>Where a key stands in its latched bucket.</summary>
/// <param name="Exists">Whether it is there.</param>
/// <param name="Collides">Whether another key with the same 64-bit hash is there.</param>
/// <param name="Entry">Its entry, if it is there.</param>
/// <param name="Size">The size of its record, if it is there.</param>
/// <param name="Sequence">The sequence number of its record, if it is there.</param>
internal readonly record struct KeyPlace(
    bool Exists, bool Collides, IndexEntry Entry, int Size, ulong Sequence);
