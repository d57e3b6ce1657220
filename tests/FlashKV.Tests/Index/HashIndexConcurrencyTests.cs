using FlashKV.Index;
using FlashKV.Memory;

namespace FlashKV.Tests.Index;

public class HashIndexConcurrencyTests
{
    private const int Seed = 4_711;
    private const int StableKeys = 3_000;
    private const int FirstVolatileKey = 10_000;

    [Fact]
    public void Readers_always_find_what_is_never_removed()
    {
        using UnmanagedMemory memory = new(128 << 20);
        using HashIndex index = new(memory, bucketBits: 1);
        FillStable(index);
        using StressThreads readers = new();
        using StressThreads writers = new();
        for (int reader = 0; reader < 2; reader++)
        {
            int seed = Seed + reader;
            readers.Start(() => ReadStable(index, readers, new Random(seed)));
        }

        for (int writer = 0; writer < 2; writer++)
        {
            int first = FirstVolatileKey + writer * 200_000;
            writers.Start(() => InsertAndRemove(index, first, rounds: 4, keys: 60_000));
        }

        writers.Join();
        readers.Stop();
        readers.Join();
        Assert.True(index.BucketCount > 8_000);
        Assert.Equal(StableKeys, index.Count);
    }

    // An entry that is inserted again before the old one is removed is always there; without the
    // new version at removal a reader could look past both.
    [Fact]
    public void Readers_always_find_a_key_that_changes_its_place()
    {
        using UnmanagedMemory memory = new(16 << 20);
        using HashIndex index = new(memory, bucketBits: 1);
        const int Keys = 12; // some of them in overflow blocks
        for (int key = 0; key < Keys; key++)
        {
            Assert.True(TestKeys.Put(index, key, 1, Hash(key)));
        }

        using StressThreads readers = new();
        readers.Start(() =>
        {
            Random random = new(Seed);
            while (!readers.IsStopped)
            {
                int key = random.Next(Keys);
                Assert.NotEqual(-1, TestKeys.Find(index, key, Hash(key)));
            }
        });
        Random writing = new(Seed + 1);
        for (int step = 0; step < 1_000_000 && !readers.IsStopped; step++)
        {
            MoveKey(index, writing.Next(Keys));
        }

        readers.Stop();
        readers.Join();

        static ulong Hash(int key) => (ulong)key << 10; // one bucket, tags of their own
        static void MoveKey(HashIndex index, int key)
        {
            using BucketWriter bucket = index.Acquire(Hash(key));
            Assert.True(bucket.Next(out IndexEntry old));
            Assert.True(bucket.Insert(old));
            bucket.Rewind();
            Assert.True(bucket.Next(out _));
            bucket.Remove();
        }
    }

    [Fact]
    public void A_reader_never_sees_an_older_entry_after_a_newer_one()
    {
        using UnmanagedMemory memory = new(64 << 20);
        using HashIndex index = new(memory, bucketBits: 1);
        using StressThreads readers = new();
        const int Keys = 64;
        for (int key = 0; key < Keys; key++)
        {
            Assert.True(TestKeys.Put(index, key, 0));
        }

        for (int reader = 0; reader < 2; reader++)
        {
            int seed = Seed + reader;
            readers.Start(() =>
            {
                int[] seen = new int[Keys];
                Random random = new(seed);
                while (!readers.IsStopped)
                {
                    int key = random.Next(Keys);
                    int version = TestKeys.Find(index, key);
                    Assert.True(version >= seen[key], $"key {key}: {version} after {seen[key]}");
                    seen[key] = version;
                }
            });
        }

        int filler = FirstVolatileKey;
        for (int version = 1; version < 6_000 && !readers.IsStopped; version++)
        {
            for (int key = 0; key < Keys; key++)
            {
                Assert.True(TestKeys.Put(index, key, version));
            }

            for (int more = 0; more < 40; more++)
            {
                Assert.True(TestKeys.Put(index, filler++, 0)); // buckets split all the time
            }
        }

        readers.Stop();
        readers.Join();
    }

    [Fact]
    public void Writers_of_one_bucket_exclude_each_other_while_it_is_split()
    {
        using UnmanagedMemory memory = new(64 << 20);
        using HashIndex index = new(memory, bucketBits: 1);
        using StressThreads writers = new();
        const int Threads = 3;
        const int Keys = 200;
        const int Rounds = 300;
        for (int thread = 0; thread < Threads; thread++)
        {
            int filler = FirstVolatileKey + thread * 100_000;
            writers.Start(() =>
            {
                for (int step = 0; step < Rounds * Keys; step++)
                {
                    AddOne(index, step % Keys);
                    Assert.True(TestKeys.Put(index, filler + step, 0));
                }
            });
        }

        writers.Join();
        for (int key = 0; key < Keys; key++)
        {
            Assert.Equal(Threads * Rounds, TestKeys.Find(index, key));
        }

        Assert.Equal(Keys + Threads * Rounds * Keys, index.Count);
    }

    [Fact]
    public void Different_writers_insert_in_parallel_and_nothing_is_lost()
    {
        using UnmanagedMemory memory = new(128 << 20);
        using HashIndex index = new(memory, bucketBits: 1);
        using StressThreads writers = new();
        const int Keys = 150_000;
        for (int thread = 0; thread < 4; thread++)
        {
            int first = thread * Keys;
            writers.Start(() =>
            {
                for (int key = first; key < first + Keys; key++)
                {
                    Assert.True(TestKeys.Put(index, key, key % 1000));
                }
            });
        }

        writers.Join();
        Assert.Equal(4 * Keys, index.Count);
        HashSet<int> keys = [];
        foreach (IndexEntry entry in index)
        {
            Assert.True(keys.Add(TestKeys.KeyOf(entry)));
        }

        Assert.Equal(4 * Keys, keys.Count);

        // Threads leave a split alone that another is at; inserts make up for it soon.
        for (int key = 4 * Keys; key < 4 * Keys + 40_000; key++)
        {
            Assert.True(TestKeys.Put(index, key, 0));
        }

        Assert.InRange(index.Count / index.BucketCount, 0, HashIndex.TargetLoad);
    }

    private static void FillStable(HashIndex index)
    {
        for (int key = 0; key < StableKeys; key++)
        {
            Assert.True(TestKeys.Put(index, key, 7));
        }
    }

    private static void ReadStable(HashIndex index, StressThreads threads, Random random)
    {
        while (!threads.IsStopped)
        {
            int key = random.Next(StableKeys);
            Assert.Equal(7, TestKeys.Find(index, key));
        }
    }

    private static void InsertAndRemove(HashIndex index, int first, int rounds, int keys)
    {
        for (int round = 0; round < rounds; round++)
        {
            for (int key = first; key < first + keys; key++)
            {
                Assert.True(TestKeys.Put(index, key, round));
                Assert.Equal(round, TestKeys.Find(index, key));
            }

            for (int key = first; key < first + keys; key++)
            {
                Assert.True(TestKeys.Remove(index, key));
                Assert.Equal(-1, TestKeys.Find(index, key));
            }
        }
    }

    private static void AddOne(HashIndex index, int key)
    {
        using BucketWriter bucket = index.Acquire(TestKeys.HashOf(key));
        while (bucket.Next(out IndexEntry entry))
        {
            if (TestKeys.KeyOf(entry) == key)
            {
                bucket.Replace(TestKeys.Entry(key, TestKeys.VersionOf(entry) + 1));
                return;
            }
        }

        Assert.True(bucket.Insert(TestKeys.Entry(key, 1)));
    }
}
