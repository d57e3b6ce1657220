using FlashKV.Index;
using FlashKV.Memory;

namespace FlashKV.Tests.Index;

public class HashIndexTests
{
    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 1)]
    [InlineData(3, 4)]
    [InlineData(4, 12)]
    public void Random_operations_agree_with_a_dictionary(int seed, int bucketBits)
    {
        using UnmanagedMemory memory = new(64 << 20);
        using HashIndex index = new(memory, bucketBits);
        Dictionary<int, int> model = [];
        Random random = new(seed);
        for (int step = 0; step < 200_000; step++)
        {
            // Phases of growth and of shrinking, over keys that come back.
            int key = random.Next(20_000);
            bool grows = step / 25_000 % 2 == 0;
            if (random.Next(4) != 0 == grows)
            {
                int version = random.Next(TestKeys.MaxVersion);
                Assert.True(TestKeys.Put(index, key, version));
                model[key] = version;
            }
            else
            {
                Assert.Equal(model.Remove(key), TestKeys.Remove(index, key));
            }

            int probed = random.Next(20_000);
            int expected = model.GetValueOrDefault(probed, -1);
            Assert.True(
                expected == TestKeys.Find(index, probed),
                $"seed {seed}, step {step}, key {probed}");
        }

        AssertSame(model, index);
    }

    [Fact]
    public void Keys_with_one_hash_live_side_by_side()
    {
        const ulong Hash = 0x0123_4567_89AB_CDEF;
        const int Keys = 500;
        using UnmanagedMemory memory = new(16 << 20);
        using HashIndex index = new(memory, bucketBits: 1);
        for (int key = 0; key < Keys; key++)
        {
            Assert.True(TestKeys.Put(index, key, 1, Hash));
            Assert.True(TestKeys.Put(index, 1000 + key, 1)); // so that buckets split as well
        }

        for (int key = 0; key < Keys; key += 2)
        {
            Assert.True(TestKeys.Put(index, key, 2, Hash));
        }

        for (int key = 0; key < Keys; key += 5)
        {
            Assert.True(TestKeys.Remove(index, key, Hash));
        }

        for (int key = 0; key < Keys; key++)
        {
            int expected = key % 5 == 0 ? -1 : key % 2 == 0 ? 2 : 1;
            Assert.Equal(expected, TestKeys.Find(index, key, Hash));
        }
    }

    [Fact]
    public void A_look_at_the_line_finds_most_entries_and_says_where_the_others_may_be()
    {
        const int Keys = 20_000;
        using UnmanagedMemory memory = new(16 << 20);
        using HashIndex index = new(memory, bucketBits: 4);
        for (int key = 0; key < Keys; key++)
        {
            Assert.True(TestKeys.Put(index, key, version: 1));
        }

        int[] guesses = new int[Enum.GetValues<LineGuess>().Length];
        for (int key = 0; key < 2 * Keys; key++)
        {
            LineGuess guess = index.Peek(TestKeys.HashOf(key), out IndexEntry entry);
            guesses[(int)guess]++;
            Assert.Equal(guess != LineGuess.Found, entry.IsEmpty);
            Assert.True(key >= Keys || guess is LineGuess.Found or LineGuess.ProbeLater);
            if (guess == LineGuess.Found)
            {
                Assert.True(entry.HasTag(index.TagPattern(TestKeys.HashOf(key))));
            }
        }

        Assert.InRange(guesses[(int)LineGuess.Found], Keys * 7 / 10, Keys * 11 / 10);
        Assert.InRange(guesses[(int)LineGuess.ProbeLater], Keys / 20, Keys);
        Assert.InRange(guesses[(int)LineGuess.Probe], Keys / 5, Keys);
    }

    [Fact]
    public void A_look_at_the_line_gives_nothing_while_a_batch_publishes_there()
    {
        using UnmanagedMemory memory = new(16 << 20);
        using HashIndex index = new(memory, bucketBits: 4);
        ulong hash = TestKeys.HashOf(1);
        Assert.True(TestKeys.Put(index, 1, version: 1));
        using (BatchLatches batch = new(index))
        {
            batch.Acquire([hash]);
            batch.Publish();

            Assert.Equal(LineGuess.Probe, index.Peek(hash, out _));
            Assert.Equal(LineGuess.Probe, index.Guess(hash, out _));
            Assert.Equal(LineGuess.Probe, index.Guess(TestKeys.HashOf(1) ^ (1UL << 40), out _));
        }

        Assert.Equal(LineGuess.Found, index.Peek(hash, out _));
    }

    [Theory]
    [InlineData(0UL)]
    [InlineData(ulong.MaxValue)]
    [InlineData(1UL << 63)]
    public void Extreme_hashes_are_hashes_like_others(ulong hash)
    {
        using UnmanagedMemory memory = new(16 << 20);
        using HashIndex index = new(memory, bucketBits: 1);

        Assert.Equal(-1, TestKeys.Find(index, 5, hash));
        Assert.True(TestKeys.Put(index, 5, 6, hash));
        for (int key = 100; key < 10_000; key++)
        {
            Assert.True(TestKeys.Put(index, key, 1));
        }

        Assert.Equal(6, TestKeys.Find(index, 5, hash));
        Assert.True(TestKeys.Remove(index, 5, hash));
        Assert.Equal(-1, TestKeys.Find(index, 5, hash));
    }

    [Fact]
    public void A_bucket_takes_1031_entries_and_refuses_the_next()
    {
        using UnmanagedMemory memory = new(16 << 20);
        using HashIndex index = new(memory);
        for (int key = 0; key < Bucket.MaxEntries; key++)
        {
            Assert.True(TestKeys.Put(index, key, 0, hash: 42));
        }

        Assert.False(TestKeys.Put(index, Bucket.MaxEntries, 0, hash: 42));
        Assert.Equal(1031, index.Count);
        Assert.True(TestKeys.Remove(index, 17, hash: 42));
        Assert.True(TestKeys.Put(index, Bucket.MaxEntries, 0, hash: 42));
        Assert.Equal(0, TestKeys.Find(index, Bucket.MaxEntries, hash: 42));
    }

    [Fact]
    public void Removing_all_matches_of_a_hash_visits_each_once()
    {
        using UnmanagedMemory memory = new(16 << 20);
        using HashIndex index = new(memory);
        for (int key = 0; key < 100; key++)
        {
            Assert.True(TestKeys.Put(index, key, 0, hash: 9));
        }

        HashSet<int> removed = [];
        using (BucketWriter bucket = index.Acquire(9))
        {
            while (bucket.Next(out IndexEntry entry))
            {
                Assert.True(removed.Add(TestKeys.KeyOf(entry)));
                bucket.Remove();
            }

            bucket.Rewind();
            Assert.False(bucket.Next(out _));
        }

        Assert.Equal(100, removed.Count);
        Assert.Equal(0, index.Count);
    }

    [Fact]
    public void Rewind_begins_again()
    {
        using UnmanagedMemory memory = new(16 << 20);
        using HashIndex index = new(memory);
        using BucketWriter bucket = index.Acquire(3);
        Assert.True(bucket.Insert(TestKeys.Entry(1, 0)));
        Assert.True(bucket.Next(out IndexEntry first));
        Assert.False(bucket.Next(out _));

        bucket.Rewind();

        Assert.True(bucket.Next(out IndexEntry again));
        Assert.Equal(first, again);
    }

    [Fact]
    public void The_size_class_comes_back()
    {
        using UnmanagedMemory memory = new(16 << 20);
        using HashIndex index = new(memory);
        using (BucketWriter bucket = index.Acquire(77))
        {
            Assert.True(bucket.Insert(IndexEntry.Create(4096, 13)));
        }

        BucketProbe probe = index.Probe(77);
        Assert.True(probe.Next(out IndexEntry entry));
        Assert.Equal((4096L, 13), (entry.Address, entry.SizeClass));
        Assert.False(probe.Next(out _));
        Assert.True(probe.IsComplete());
    }

    [Fact]
    public void A_walk_under_which_an_entry_left_is_not_complete()
    {
        using UnmanagedMemory memory = new(16 << 20);
        using HashIndex index = new(memory);
        Assert.True(TestKeys.Put(index, 1, 0, hash: 5));

        BucketProbe probe = index.Probe(5);
        Assert.True(TestKeys.Remove(index, 1, hash: 5));

        Assert.False(probe.Next(out _));
        Assert.False(probe.IsComplete());
    }

    [Fact]
    public void A_walk_that_an_entry_went_behind_is_not_complete()
    {
        using UnmanagedMemory memory = new(16 << 20);
        using HashIndex index = new(memory);
        InsertKeys(index, first: 0, count: 9, hash: 5);
        BucketProbe probe = index.Probe(5);
        Assert.True(probe.Next(out IndexEntry first));

        // The last entry takes the place of the first, which the walk has passed.
        Assert.True(TestKeys.Remove(index, TestKeys.KeyOf(first), hash: 5));

        while (probe.Next(out IndexEntry entry))
        {
            Assert.NotEqual(8, TestKeys.KeyOf(entry));
        }

        Assert.False(probe.IsComplete());
    }

    [Fact]
    public void A_walk_gives_nothing_of_a_block_that_is_another_buckets_now()
    {
        const ulong Tag = 1UL << 20; // both hashes have it; their buckets differ
        using UnmanagedMemory memory = new(16 << 20);
        using HashIndex index = new(memory);
        InsertKeys(index, first: 0, count: Bucket.LineEntries + 1, hash: Tag | 5);
        BucketProbe probe = index.Probe(Tag | 5);
        for (int entry = 0; entry < Bucket.LineEntries; entry++)
        {
            Assert.True(probe.Next(out _));
        }

        Assert.True(TestKeys.Remove(index, 0, hash: Tag | 5)); // frees the block
        InsertKeys(index, first: 100, count: Bucket.LineEntries + 1, hash: Tag | 6); // takes it

        Assert.False(probe.Next(out _));
        Assert.False(probe.IsComplete());
    }

    [Fact]
    public void A_walk_whose_block_became_too_small_is_not_complete()
    {
        using UnmanagedMemory memory = new(16 << 20);
        using HashIndex index = new(memory);
        InsertKeys(index, first: 0, count: Bucket.LineEntries + 1, hash: 5);
        BucketProbe probe = index.Probe(5);

        InsertKeys(index, first: 8, count: 1, hash: 5);

        int seen = 0;
        while (probe.Next(out _))
        {
            seen++;
        }

        Assert.Equal(Bucket.LineEntries, seen);
        Assert.False(probe.IsComplete());
    }

    [Fact]
    public void A_walk_under_which_its_bucket_was_split_is_not_complete()
    {
        using UnmanagedMemory memory = new(16 << 20);
        using HashIndex index = new(memory, bucketBits: 1);
        int moving = 0;
        while ((TestKeys.HashOf(moving) & 3) != 2) // bucket 0 of 2, then bucket 2 of 4
        {
            moving++;
        }

        Assert.True(TestKeys.Put(index, moving, 9));
        BucketProbe probe = index.Probe(TestKeys.HashOf(moving));
        Assert.True(index.EnsureCapacity(4 * HashIndex.TargetLoad));

        Assert.Equal(4, index.BucketCount);
        Assert.False(probe.Next(out _));
        Assert.False(probe.IsComplete());
        Assert.Equal(9, TestKeys.Find(index, moving));
    }

    [Fact]
    public void Capacity_ensured_ahead_keeps_all_tag_bits()
    {
        using UnmanagedMemory memory = new(64 << 20);
        using HashIndex index = new(memory, bucketBits: 1);

        Assert.True(index.EnsureCapacity(1_000_000));

        long buckets = index.BucketCount;
        Assert.InRange(buckets, 1_000_000 / HashIndex.TargetLoad, 1_000_000);
        Dictionary<int, int> model = [];
        for (int key = 0; key < 100_000; key++)
        {
            Assert.True(TestKeys.Put(index, key, key % 100));
            model[key] = key % 100;
        }

        Assert.Equal(buckets, index.BucketCount);
        AssertSame(model, index);
        Assert.True(CountFalseMatches(index, 100_000) < 10); // 100,000 x 0.7 / 2^22 expected
    }

    [Fact]
    public void Capacity_ensured_later_moves_what_is_there()
    {
        using UnmanagedMemory memory = new(64 << 20);
        using HashIndex index = new(memory, bucketBits: 2);
        Dictionary<int, int> model = [];
        for (int key = 0; key < 5_000; key++)
        {
            Assert.True(TestKeys.Put(index, key, 1));
            model[key] = 1;
        }

        Assert.True(index.EnsureCapacity(500_000));

        Assert.True(index.BucketCount >= 500_000 / HashIndex.TargetLoad);
        AssertSame(model, index);
    }

    [Fact]
    public void Probes_writers_and_batches_allocate_nothing()
    {
        using UnmanagedMemory memory = new(64 << 20);
        using HashIndex index = new(memory);
        using BatchLatches batch = new(index);
        ulong[] hashes = [TestKeys.HashOf(1), TestKeys.HashOf(2), TestKeys.HashOf(3)];
        RunOnce(0);
        long before = GC.GetAllocatedBytesForCurrentThread();

        RunOnce(20_000);

        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());

        void RunOnce(int first)
        {
            for (int key = first; key < first + 20_000; key++)
            {
                _ = TestKeys.Put(index, key, 1);
                _ = TestKeys.Put(index, key, 2);
                _ = TestKeys.Find(index, key);
                _ = key % 3 == 0 && TestKeys.Remove(index, key);
                batch.Acquire(hashes);
                batch.Publish();
                batch.Open(hashes[0]).Dispose();
                batch.Release();
            }
        }
    }

    [Fact]
    public void Prefetching_disturbs_nothing()
    {
        using UnmanagedMemory memory = new(16 << 20);
        using HashIndex index = new(memory);
        for (int key = 0; key < 10_000; key++)
        {
            index.Prefetch(TestKeys.HashOf(key));
            Assert.True(TestKeys.Put(index, key, 3));
        }

        Assert.Equal(3, TestKeys.Find(index, 9_999));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(29)]
    public void Only_1_to_28_bucket_bits_are_taken(int bucketBits)
    {
        using UnmanagedMemory memory = new(16 << 20);

        Assert.Throws<ArgumentOutOfRangeException>(() => new HashIndex(memory, bucketBits));
    }

    internal static void AssertSame(Dictionary<int, int> model, HashIndex index)
    {
        Assert.Equal(model.Count, index.Count);
        Dictionary<int, int> found = [];
        foreach (IndexEntry entry in index)
        {
            Assert.True(found.TryAdd(TestKeys.KeyOf(entry), TestKeys.VersionOf(entry)));
            Assert.Equal(TestKeys.KeyOf(entry) % 32, entry.SizeClass);
        }

        Assert.Equal(model.Count, found.Count);
        foreach ((int key, int version) in model)
        {
            Assert.Equal(version, found[key]);
            Assert.Equal(version, TestKeys.Find(index, key));
        }
    }

    private static void InsertKeys(HashIndex index, int first, int count, ulong hash)
    {
        for (int key = first; key < first + count; key++)
        {
            Assert.True(TestKeys.Put(index, key, 0, hash));
        }
    }

    private static int CountFalseMatches(HashIndex index, int keys)
    {
        int falseMatches = 0;
        for (int key = keys; key < 2 * keys; key++)
        {
            BucketProbe probe = index.Probe(TestKeys.HashOf(key));
            while (probe.Next(out _))
            {
                falseMatches++;
            }
        }

        return falseMatches;
    }
}
