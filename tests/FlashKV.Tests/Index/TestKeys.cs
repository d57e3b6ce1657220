using FlashKV.Index;

namespace FlashKV.Tests.Index;

/// <summary>Keys that are numbers, and entries that tell their key and a version of it.</summary>
internal static class TestKeys
{
    public const int MaxVersion = (1 << VersionBits) - 1;

    private const int VersionBits = 16;

    /// <summary>A well-mixed hash; no two keys share one.</summary>
    public static ulong HashOf(int key)
    {
        ulong hash = (ulong)(uint)key * 0x9E37_79B9_7F4A_7C15;
        hash = (hash ^ hash >> 32) * 0xD6E8_FEB8_6659_FD93;
        hash = (hash ^ hash >> 32) * 0xD6E8_FEB8_6659_FD93;
        return hash ^ hash >> 32;
    }

    /// <summary>Makes an entry; keys are 0 to 2^21 - 2.</summary>
    public static IndexEntry Entry(int key, int version) =>
        IndexEntry.Create(((long)(key + 1) << VersionBits | (uint)version) * 8, key % 32);

    public static int KeyOf(IndexEntry entry) => (int)(entry.Address >> (3 + VersionBits)) - 1;

    public static int VersionOf(IndexEntry entry) => (int)(entry.Address >> 3) & MaxVersion;

    /// <summary>
    /// Looks a key up as a store does, one in two by the shortest way first; the version, or -1.
    /// </summary>
    public static int Find(HashIndex index, int key) => Find(index, key, HashOf(key));

    public static int Find(HashIndex index, int key, ulong hash)
    {
        if (key % 2 == 0)
        {
            return Probe(index, key, hash);
        }

        LineGuess guess = index.Guess(hash, out IndexEntry entry);
        return guess == LineGuess.Absent ? -1
            : guess == LineGuess.Found && KeyOf(entry) == key ? VersionOf(entry)
            : Probe(index, key, hash);
    }

    private static int Probe(HashIndex index, int key, ulong hash)
    {
        while (true)
        {
            BucketProbe probe = index.Probe(hash);
            while (probe.Next(out IndexEntry entry))
            {
                if (KeyOf(entry) == key)
                {
                    return VersionOf(entry);
                }
            }

            if (probe.IsComplete())
            {
                return -1;
            }
        }
    }

    /// <summary>Inserts or replaces a key.</summary>
    public static bool Put(HashIndex index, int key, int version) =>
        Put(index, key, version, HashOf(key));

    public static bool Put(HashIndex index, int key, int version, ulong hash)
    {
        BucketWriter bucket = index.Acquire(hash);
        bool done = Put(ref bucket, key, version);
        bucket.Dispose();
        return done;
    }

    /// <summary>Inserts or replaces a key in a bucket that is held.</summary>
    public static bool Put(ref BucketWriter bucket, int key, int version)
    {
        while (bucket.Next(out IndexEntry entry))
        {
            if (KeyOf(entry) == key)
            {
                bucket.Replace(Entry(key, version));
                return true;
            }
        }

        return bucket.Insert(Entry(key, version));
    }

    /// <summary>Removes a key; false if it is not there.</summary>
    public static bool Remove(HashIndex index, int key) => Remove(index, key, HashOf(key));

    public static bool Remove(HashIndex index, int key, ulong hash)
    {
        using BucketWriter bucket = index.Acquire(hash);
        while (bucket.Next(out IndexEntry entry))
        {
            if (KeyOf(entry) == key)
            {
                bucket.Remove();
                return true;
            }
        }

        return false;
    }
}
