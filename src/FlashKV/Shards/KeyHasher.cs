using System.IO.Hashing;
using System.Numerics;
using System.Runtime.CompilerServices;

namespace FlashKV.Shards;

/// <summary>
/// The hash of a key: XXH3 under the seed of the store. It is persisted in summaries. The upper
/// bits choose the shard; the index uses the lower ones.
/// </summary>
internal readonly struct KeyHasher(ulong seed, int shardCount, ulong mask)
{
    private readonly int _shardShift = 64 - BitOperations.Log2((uint)shardCount);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ulong Hash(ReadOnlySpan<byte> key) =>
        XxHash3.HashToUInt64(key, unchecked((long)seed)) & mask;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int ShardOf(ulong hash) => _shardShift == 64 ? 0 : (int)(hash >> _shardShift);
}
