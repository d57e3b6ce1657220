using FlashKV.Index;

namespace FlashKV.Shards;

/// <summary>
/// What a writer learned of a record on the device before it took the latch. It holds as long as
/// the entry is in the bucket: within the operation no other record gets the same address.
/// </summary>
/// <param name="Entry">The entry of the record; empty if none was looked at.</param>
/// <param name="IsSameKey">Whether it has the key of the writer.</param>
/// <param name="IsSameHash">Whether its key has the same 64-bit hash.</param>
/// <param name="IsFlagged">Whether it says of itself that its hash is shared.</param>
/// <param name="Size">The size of the record.</param>
/// <param name="Sequence">The sequence number of the record.</param>
internal readonly record struct ComparedRecord(
    IndexEntry Entry, bool IsSameKey, bool IsSameHash, bool IsFlagged, int Size, ulong Sequence);
