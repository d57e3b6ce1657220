using FlashKV.Index;
using FlashKV.Memory;

namespace FlashKV.Tests.Index;

public class BatchLatchesTests
{
    private const int Seed = 815;

    [Fact]
    public void Repeated_keys_and_keys_of_one_bucket_are_latched_once()
    {
        using UnmanagedMemory memory = new(16 << 20);
        using HashIndex index = new(memory, bucketBits: 1);
        ulong[] hashes = [4, 4, 6, 1UL << 40, 3, 4];
        using BatchLatches batch = new(index);

        batch.Acquire(hashes);
        batch.Publish();
        for (int key = 0; key < hashes.Length; key++)
        {
            BucketWriter bucket = batch.Open(hashes[key]);
            Assert.True(TestKeys.Put(ref bucket, key, 1));
            bucket.Dispose();
        }

        batch.Release();
        Assert.False(batch.IsHeld);
        for (int key = 0; key < hashes.Length; key++)
        {
            Assert.Equal(1, TestKeys.Find(index, key, hashes[key]));
            Assert.True(TestKeys.Put(index, key, 2, hashes[key])); // the latch is free again
        }
    }

    [Fact]
    public void A_large_batch_pays_for_its_splits_at_its_end()
    {
        using UnmanagedMemory memory = new(16 << 20);
        using HashIndex index = new(memory, bucketBits: 1);
        ulong[] hashes = [.. Enumerable.Range(0, 2_000).Select(TestKeys.HashOf)];
        using BatchLatches batch = new(index);

        batch.Acquire(hashes);
        batch.Publish();
        for (int key = 0; key < hashes.Length; key++)
        {
            BucketWriter bucket = batch.Open(hashes[key]);
            Assert.True(TestKeys.Put(ref bucket, key, 1));
            bucket.Dispose();
        }

        Assert.Equal(2, index.BucketCount);
        batch.Dispose();
        Assert.True(index.BucketCount >= 2_000 / HashIndex.TargetLoad - 20);
        Assert.Equal(2_000, index.Count);
    }

    [Fact]
    public void Splits_pass_by_what_a_batch_holds_and_go_on_after_it()
    {
        using UnmanagedMemory memory = new(16 << 20);
        using HashIndex index = new(memory, bucketBits: 1);
        using BatchLatches batch = new(index);
        ulong[] hashes = [1]; // bucket 1; bucket 0 can be split, then it is the turn of this one
        batch.Acquire(hashes);
        for (int key = 0; key < 200; key++)
        {
            Assert.True(TestKeys.Put(index, key, 1, hash: (ulong)key << 1));
        }

        Assert.Equal(3, index.BucketCount);
        batch.Release();
        Assert.True(index.BucketCount > 20);
    }

    [Fact]
    public void A_bucket_split_before_the_batch_reached_it_is_looked_for_again()
    {
        using UnmanagedMemory memory = new(16 << 20);
        using HashIndex index = new(memory, bucketBits: 1);
        Assert.True(TestKeys.Put(index, 0, 1, hash: 0));
        Assert.True(index.EnsureCapacity(6 * HashIndex.TargetLoad)); // next is bucket 2, to 2 and 6
        ulong[] hashes = [0, 1, 6];
        using StressThreads threads = new();
        using BatchLatches batch = new(index);
        using (BucketWriter first = index.Acquire(1))
        {
            threads.Start(() => batch.Acquire(hashes));
            Assert.True(SpinWait.SpinUntil(
                () => index.GetBucket(0).Control.IsLatched, TimeSpan.FromSeconds(30)));

            // The batch waits for bucket 1 and means to latch bucket 2 next.
            Assert.True(index.EnsureCapacity(7 * HashIndex.TargetLoad));
        }

        threads.Join();
        Assert.True(index.GetBucket(0).Control.IsLatched);
        Assert.True(index.GetBucket(1).Control.IsLatched);
        Assert.False(index.GetBucket(2).Control.IsLatched);
        Assert.True(index.GetBucket(6).Control.IsLatched);
    }

    [Fact]
    public void A_reader_waits_for_a_batch_only_once_it_publishes()
    {
        using UnmanagedMemory memory = new(16 << 20);
        using HashIndex index = new(memory);
        Assert.True(TestKeys.Put(index, 1, 1));
        ulong[] hashes = [TestKeys.HashOf(1)];
        using BatchLatches batch = new(index);
        batch.Acquire(hashes);
        Assert.Equal(1, TestKeys.Find(index, 1)); // latched, not published: readers go on

        batch.Publish();
        using StressThreads reader = new();
        using ManualResetEventSlim started = new();
        int seen = 0;
        reader.Start(() =>
        {
            started.Set();
            Volatile.Write(ref seen, TestKeys.Find(index, 1));
        });
        started.Wait(TestContext.Current.CancellationToken);
        for (int turn = 0; turn < 1_000; turn++)
        {
            Assert.Equal(0, Volatile.Read(ref seen));
            Thread.Yield();
        }

        BucketWriter bucket = batch.Open(hashes[0]);
        Assert.True(TestKeys.Put(ref bucket, 1, 2));
        bucket.Dispose();
        batch.Release();
        reader.Join();
        Assert.Equal(2, seen);
    }

    [Fact]
    public void Readers_never_see_a_part_of_a_batch_over_two_indexes()
    {
        using UnmanagedMemory memory = new(128 << 20);
        using HashIndex first = new(memory, bucketBits: 1);
        using HashIndex second = new(memory, bucketBits: 1);
        const int Keys = 40;
        using StressThreads readers = new();
        using StressThreads fillers = new();
        WriteAll(first, second, new BatchLatches(first), new BatchLatches(second), Keys, 0);
        for (int reader = 0; reader < 2; reader++)
        {
            int seed = Seed + reader;
            readers.Start(() =>
            {
                Random random = new(seed);
                int newest = 0;
                while (!readers.IsStopped)
                {
                    HashIndex index = random.Next(2) == 0 ? first : second;
                    int key = random.Next(Keys);
                    int version = TestKeys.Find(index, key);
                    Assert.True(version >= newest, $"key {key}: {version} after {newest}");
                    newest = version;
                }
            });
        }

        fillers.Start(() => Fill(first, fillers));
        fillers.Start(() => Fill(second, fillers));
        using BatchLatches inFirst = new(first);
        using BatchLatches inSecond = new(second);
        for (int version = 1; version <= 10_000 && !readers.IsStopped; version++)
        {
            WriteAll(first, second, inFirst, inSecond, Keys, version);
        }

        fillers.Stop();
        readers.Stop();
        fillers.Join();
        readers.Join();
    }

    [Fact]
    public void Overlapping_batches_and_single_writers_come_to_an_end()
    {
        using UnmanagedMemory memory = new(128 << 20);
        using HashIndex index = new(memory, bucketBits: 1);
        using StressThreads threads = new();
        const int Threads = 3;
        const int Keys = 100;
        const int Rounds = 5_000;
        for (int thread = 0; thread < Threads; thread++)
        {
            int number = thread;
            threads.Start(() =>
            {
                Random random = new(Seed + number);
                using BatchLatches batch = new(index);
                int[] keys = new int[8];
                ulong[] hashes = new ulong[8];
                for (int round = 0; round < Rounds; round++)
                {
                    for (int key = 0; key < keys.Length; key++)
                    {
                        keys[key] = random.Next(Keys);
                        hashes[key] = TestKeys.HashOf(keys[key]);
                    }

                    Assert.True(TestKeys.Put(index, 10_000 + number * 10_000 + round, 0));
                    AddOneToEach(batch, keys, hashes);
                }
            });
        }

        threads.Join();
        int sum = 0;
        for (int key = 0; key < Keys; key++)
        {
            sum += TestKeys.Find(index, key);
        }

        Assert.Equal(Threads * Rounds * 8, sum);
    }

    private static void Fill(HashIndex index, StressThreads threads)
    {
        for (int key = 10_000; key < 600_000 && !threads.IsStopped; key++)
        {
            Assert.True(TestKeys.Put(index, key, 0));
        }
    }

    private static void WriteAll(
        HashIndex first,
        HashIndex second,
        BatchLatches inFirst,
        BatchLatches inSecond,
        int keys,
        int version)
    {
        Span<ulong> hashes = stackalloc ulong[keys];
        for (int key = 0; key < keys; key++)
        {
            hashes[key] = TestKeys.HashOf(key);
        }

        inFirst.Acquire(hashes);
        inSecond.Acquire(hashes);
        inFirst.Publish();
        inSecond.Publish();
        for (int key = 0; key < keys; key++)
        {
            PutInBatch(inFirst, key, version);
            PutInBatch(inSecond, key, version);
        }

        inFirst.Release();
        inSecond.Release();
        Assert.Equal(version, TestKeys.Find(first, 0));
        Assert.Equal(version, TestKeys.Find(second, 0));
    }

    private static void PutInBatch(BatchLatches batch, int key, int version)
    {
        BucketWriter bucket = batch.Open(TestKeys.HashOf(key));
        Assert.True(TestKeys.Put(ref bucket, key, version));
        bucket.Dispose();
    }

    private static void AddOneToEach(BatchLatches batch, int[] keys, ulong[] hashes)
    {
        batch.Acquire(hashes);
        batch.Publish();
        for (int key = 0; key < keys.Length; key++)
        {
            using BucketWriter bucket = batch.Open(hashes[key]);
            bool done = false;
            while (!done && bucket.Next(out IndexEntry entry))
            {
                if (TestKeys.KeyOf(entry) == keys[key])
                {
                    bucket.Replace(TestKeys.Entry(keys[key], TestKeys.VersionOf(entry) + 1));
                    done = true;
                }
            }

            Assert.True(done || bucket.Insert(TestKeys.Entry(keys[key], 1)));
        }

        batch.Release();
    }
}
