using System.IO.Hashing;
using FlashKV.Log;
using FlashKV.Shards;

namespace FlashKV.Salvage;

/// <summary>
/// The newest record of every key of every shard, by 128 bits of hash; some 60 bytes of memory for
/// each key.
/// </summary>
internal sealed class NewestRecords(int shardCount, KeyHasher hasher)
{
    private const long SecondSeed = 0x5EED_0F5A_17A6_E5E1;

    private readonly Dictionary<UInt128, Version>[] _shards =
        [.. Enumerable.Range(0, shardCount).Select(static _ => new Dictionary<UInt128, Version>())];

    private readonly HashSet<(int Shard, ulong Hash)> _shared = [];

    /// <summary>Takes note that several keys of a shard have the hash of this one.</summary>
    public void AddShared(int shard, ReadOnlySpan<byte> key) =>
        _shared.Add((shard, hasher.Hash(key)));

    /// <summary>Whether several keys are known to have a hash.</summary>
    public bool IsShared(int shard, ulong hash) => _shared.Contains((shard, hash));

    /// <summary>Takes note of a record.</summary>
    public void Add(int shard, ReadOnlySpan<byte> key, ulong sequence, bool isTombstone)
    {
        UInt128 identity = IdentityOf(key);
        if (!_shards[shard].TryGetValue(identity, out Version known)
            || known.Sequence < sequence)
        {
            _shards[shard][identity] = new Version(sequence, isTombstone);
        }
    }

    /// <summary>
    /// Whether a record is the newest of its key and gives it a value; true once, since a record
    /// that was being moved may be there twice.
    /// </summary>
    public bool TryTake(int shard, in RecordView record)
    {
        UInt128 identity = IdentityOf(record.Key);
        return !record.IsTombstone
            && _shards[shard].TryGetValue(identity, out Version known)
            && known.Sequence == record.Sequence
            && _shards[shard].Remove(identity);
    }

    /// <summary>How many keys have a value.</summary>
    public long CountKeys() =>
        _shards.Sum(static shard => shard.Values.LongCount(static known => !known.IsTombstone));

    /// <summary>Whether a key has a record that is as new as a lost one, or newer.</summary>
    public bool IsSuperseded(int shard, ReadOnlySpan<byte> key, ulong sequence) =>
        _shards[shard].TryGetValue(IdentityOf(key), out Version known)
        && known.Sequence >= sequence;

    /// <summary>The newest versions of the keys that have one of the given hashes.</summary>
    public Dictionary<(int Shard, ulong Hash), Version> NewestOf(
        HashSet<(int Shard, ulong Hash)> hashes)
    {
        var newest = new Dictionary<(int, ulong), Version>();
        for (int shard = 0; shard < _shards.Length && hashes.Count != 0; shard++)
        {
            foreach ((UInt128 identity, Version version) in _shards[shard])
            {
                (int, ulong) place = (shard, (ulong)(identity >> 64));
                if (hashes.Contains(place)
                    && (!newest.TryGetValue(place, out Version known)
                        || known.Sequence < version.Sequence))
                {
                    newest[place] = version;
                }
            }
        }

        return newest;
    }

    private UInt128 IdentityOf(ReadOnlySpan<byte> key) =>
        new(hasher.Hash(key), XxHash3.HashToUInt64(key, SecondSeed));

    /// <summary>A version of a key.</summary>
    public readonly record struct Version(ulong Sequence, bool IsTombstone);
}
