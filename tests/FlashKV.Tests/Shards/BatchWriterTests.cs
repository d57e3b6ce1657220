using FlashKV.Log;
using FlashKV.Shards;
using FlashKV.Tests.Doubles;

namespace FlashKV.Tests.Shards;

public sealed class BatchWriterTests
{
    private const int Keys = 40;

    [Fact]
    public void The_last_operation_on_a_key_counts()
    {
        using var harness = new CoreHarness();
        harness.Put("old"u8, "value"u8);
        var contents = new BatchContents();
        Put(harness, contents, "a"u8, "one"u8);
        Delete(harness, contents, "a"u8);
        Put(harness, contents, "a"u8, "two"u8);
        Put(harness, contents, "b"u8, "one"u8);
        Delete(harness, contents, "b"u8);
        Delete(harness, contents, "old"u8);
        Delete(harness, contents, "never"u8);

        new BatchWriter(harness.Core, contents).Write();

        Assert.Equal("two"u8.ToArray(), harness.Get("a"u8));
        Assert.Null(harness.Get("b"u8));
        Assert.Null(harness.Get("old"u8));
        Assert.Null(harness.Get("never"u8));
    }

    [Theory]
    [InlineData(1, ulong.MaxValue)]
    [InlineData(2, ulong.MaxValue)]
    [InlineData(3, 0xC000_0000_0000_000FUL)]
    public void Batches_and_single_writes_agree_with_a_dictionary_over_kills(int seed, ulong mask)
    {
        using var harness = new CoreHarness(shards: 4, hashMask: mask);
        var random = new Random(seed);
        var model = new Dictionary<int, byte[]>();
        for (int i = 0; i < 600; i++)
        {
            if (random.Next(3) == 0)
            {
                int key = random.Next(Keys);
                byte[] value = Value(random);
                harness.Put(BitConverter.GetBytes(key), value);
                model[key] = value;
            }
            else
            {
                new BatchWriter(harness.Core, RandomBatch(harness, random, model)).Write();
            }

            if (random.Next(100) == 0)
            {
                harness.KillAndReopen();
            }
        }

        AssertModel(harness, model, seed);
        harness.KillAndReopen();
        AssertModel(harness, model, seed);
        Assert.Equal(0, harness.Core.Context.Batches.Count);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void A_kill_at_any_step_leaves_a_batch_whole_or_absent(int seed)
    {
        using var harness = new CoreHarness(shards: 4);
        var random = new Random(seed);
        var model = new Dictionary<int, byte[]>();
        int whole = 0;
        const int Rounds = 60;
        for (int round = 0; round < Rounds; round++)
        {
            var after = new Dictionary<int, byte[]>(model);
            BatchContents contents = RandomBatch(harness, random, after);
            int moment = random.Next(contents.Count + 6);
            byte[]? staging = null;
            harness.Core.Context.BatchStep =
                () => staging = moment-- == 0 ? harness.ReadStaging() : staging;
            new BatchWriter(harness.Core, contents).Write();
            harness.KillAndReopen(staging);

            bool isWhole = Agrees(harness, after);
            Assert.True(isWhole || Agrees(harness, model), $"seed {seed}, round {round}: half");
            whole += isWhole ? 1 : 0;
            model = isWhole ? after : model;
        }

        Assert.InRange(whole, 1, Rounds - 1);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void A_power_cut_leaves_a_batch_whole_or_absent_and_a_durable_one_whole(int seed)
    {
        using var harness = new CoreHarness(shards: 4);
        var random = new Random(seed);
        var model = new Dictionary<int, byte[]>();
        int whole = 0;
        int absent = 0;
        for (int round = 0; round < 60; round++)
        {
            var after = new Dictionary<int, byte[]>(model);
            var writer = new BatchWriter(harness.Core, RandomBatch(harness, random, after));
            writer.Write();
            bool isDurable = random.Next(3) == 0;
            if (isDurable)
            {
                writer.WaitDurable();
            }

            foreach (Shard shard in harness.Core.Shards)
            {
                if (random.Next(2) == 0)
                {
                    shard.Log.Flush();
                }
            }

            harness.CutPowerAndReopen(random.Next());
            bool isWhole = Agrees(harness, after);
            Assert.True(isWhole || Agrees(harness, model), $"seed {seed}, round {round}: half");
            Assert.True(isWhole || !isDurable, $"seed {seed}, round {round}: durable and lost");
            whole += isWhole ? 1 : 0;
            absent += isWhole ? 0 : 1;
            model = isWhole ? after : model;
        }

        Assert.NotEqual(0, whole);
        Assert.NotEqual(0, absent);
    }

    [Fact]
    public void A_commit_record_in_a_sealed_segment_still_counts_for_unsealed_members()
    {
        using var harness = new CoreHarness(shards: 2);
        var model = new Dictionary<int, byte[]>();
        new BatchWriter(harness.Core, RandomBatch(harness, new Random(5), model, 20)).Write();
        harness.Core.Flush();

        // The commit record lies in the first shard; only that shard's segment is sealed.
        Segment segment = harness.Core.Shards[0].Log.Hot.Current!.Segment!;
        Seal(harness.Core.Shards[0]);
        Assert.Equal(1, segment.Pins);
        Assert.Equal(1, harness.Core.Context.Batches.Count);
        harness.CutPowerAndReopen(seed: 1);

        AssertModel(harness, model, 5);
        Assert.Equal(0, harness.Core.Context.Batches.Count);
    }

    [Fact]
    public void A_segment_is_pinned_until_all_segments_of_its_batches_are_sealed()
    {
        using var harness = new CoreHarness(shards: 2);
        new BatchWriter(harness.Core, RandomBatch(harness, new Random(5), [], 20)).Write();
        Segment segment = harness.Core.Shards[0].Log.Hot.Current!.Segment!;
        foreach (Shard shard in harness.Core.Shards)
        {
            harness.Core.Flush();
            Seal(shard);
            Assert.Equal(shard.Number == 0 ? 1 : 0, segment.Pins);
        }

        Assert.Equal(0, harness.Core.Context.Batches.Count);
    }

    [Fact]
    public void A_torn_batch_is_given_up_for_good()
    {
        using var harness = new CoreHarness(shards: 2);
        var before = new Dictionary<int, byte[]>();
        new BatchWriter(harness.Core, RandomBatch(harness, new Random(1), before, 20)).Write();
        harness.Core.Flush();
        var after = new Dictionary<int, byte[]>(before);
        new BatchWriter(harness.Core, RandomBatch(harness, new Random(2), after, 20)).Write();

        // The shard with the commit record has all of its part, the other one nothing.
        harness.Core.Shards[0].Log.Flush();
        harness.CutPowerAndReopen(seed: 1);
        AssertModel(harness, before, 1);

        // The numbers that were lost are given out again, and must not complete the batch.
        for (int i = 0; i < 40; i++)
        {
            harness.Put(BitConverter.GetBytes(Keys + i), []);
        }

        harness.Core.Flush();
        harness.CutPowerAndReopen(seed: 2);
        AssertModel(harness, before, 2);
        Assert.Equal(0, harness.Core.Context.Batches.Count);
    }

    [Fact]
    public void Batches_that_wait_for_each_others_shards_are_sealed()
    {
        using var harness = new CoreHarness(shards: 2);
        var random = new Random(9);
        var model = new Dictionary<int, byte[]>();
        for (int i = 0; i < 3; i++)
        {
            new BatchWriter(harness.Core, RandomBatch(harness, random, model, 30)).Write();
            harness.Core.Shards[i % 2].Log.CloseSegment(SegmentKind.Hot);
        }

        harness.Core.Shards[0].Log.CloseSegment(SegmentKind.Hot);
        harness.Core.Flush();
        harness.Core.Flush();
        AssertModel(harness, model, 9);
        harness.KillAndReopen();
        AssertModel(harness, model, 9);
        Assert.Equal(0, harness.Core.Context.Batches.Count);
    }

    [Fact]
    public void Large_batches_span_segments_and_too_large_ones_are_refused()
    {
        using var harness = new CoreHarness(shards: 1);
        var contents = new BatchContents();
        for (int i = 0; i < 4; i++)
        {
            Put(harness, contents, BitConverter.GetBytes(i), new byte[100_000]);
        }

        for (int round = 0; round < 20; round++)
        {
            new BatchWriter(harness.Core, contents).Write();
        }

        Put(harness, contents, BitConverter.GetBytes(4), new byte[100_000]);
        ArgumentException refused = Assert.Throws<ArgumentException>(
            () => new BatchWriter(harness.Core, contents));
        Assert.Contains("2 segments", refused.Message);
        harness.KillAndReopen();
        Assert.Equal(100_000, harness.Get(BitConverter.GetBytes(3))!.Length);
        Assert.Null(harness.Get(BitConverter.GetBytes(4)));
    }

    // A put moved what was live out of a segment when the device was full, a batch gave up.
    [Fact]
    public void A_batch_on_a_full_device_gets_the_room_of_what_is_dead()
    {
        using var harness = new CoreHarness(shards: 1, chunks: 2);
        byte[] value = new byte[60_000];
        int stored = 0;
        Assert.Throws<StoreFullException>((Action)(() =>
        {
            while (true)
            {
                harness.Put(BitConverter.GetBytes(stored), value);
                stored++;
            }
        }));
        for (int i = 0; i < stored / 2; i++)
        {
            Assert.True(harness.Delete(BitConverter.GetBytes(i)));
        }

        for (int round = 0; round < 100; round++)
        {
            var contents = new BatchContents();
            Put(harness, contents, BitConverter.GetBytes(-1), value);
            Put(harness, contents, BitConverter.GetBytes(-2), value);
            new BatchWriter(harness.Core, contents).Write();
        }

        Assert.Equal(value, harness.Get(BitConverter.GetBytes(-2)));
        Assert.Equal(value, harness.Get(BitConverter.GetBytes(stored - 1)));
    }

    [Fact]
    public void When_the_index_refuses_a_key_nothing_is_changed()
    {
        // All keys share one bucket, which holds no more than 1,031.
        using var harness = new CoreHarness(shards: 1, hashMask: 0);
        var contents = new BatchContents();
        Put(harness, contents, "there"u8, "new"u8);
        for (int i = 0; i < 1_100; i++)
        {
            Put(harness, contents, BitConverter.GetBytes(i), []);
        }

        harness.Put("there"u8, "old"u8);
        long before = harness.Core.Shards[0].Index.Count;
        var writer = new BatchWriter(harness.Core, contents);
        Assert.Throws<InsufficientMemoryException>(writer.Write);

        Assert.Equal("old"u8.ToArray(), harness.Get("there"u8));
        Assert.Equal(before, harness.Core.Shards[0].Index.Count);
        Assert.Equal(0, harness.Core.Context.Batches.Count);
        harness.KillAndReopen();
        Assert.Equal("old"u8.ToArray(), harness.Get("there"u8));
        Assert.Null(harness.Get(BitConverter.GetBytes(1)));
    }

    [Fact]
    public void Readers_never_see_half_a_batch()
    {
        using var harness = new CoreHarness(shards: 2);
        using var threads = new StressThreads();
        byte[][] keys = [.. Enumerable.Range(0, 8).Select(BitConverter.GetBytes)];
        for (int w = 0; w < 2; w++)
        {
            int writer = w;
            threads.Start(() =>
            {
                for (int i = 1; i <= 3_000; i++)
                {
                    var contents = new BatchContents();
                    foreach (byte[] key in keys.AsSpan(writer * 4, 4))
                    {
                        Put(harness, contents, key, BitConverter.GetBytes(i));
                    }

                    new BatchWriter(harness.Core, contents).Write();
                }

                threads.Stop();
            });
            threads.Start(() =>
            {
                var random = new Random(writer);
                while (!threads.IsStopped)
                {
                    byte[]? first = harness.Get(keys[(writer * 4) + random.Next(4)]);
                    byte[]? second = harness.Get(keys[(writer * 4) + random.Next(4)]);
                    Assert.True(Number(second) >= Number(first), "half a batch was seen");
                }
            });
        }

        threads.Join();
        harness.KillAndReopen();
        Assert.Equal(3_000, Number(harness.Get(keys[0])));
        Assert.Equal(3_000, Number(harness.Get(keys[7])));
    }

    [Fact]
    public void Concurrent_batches_on_the_same_keys_leave_one_of_them_whole()
    {
        using var harness = new CoreHarness(shards: 4);
        using var threads = new StressThreads();
        for (int w = 0; w < 3; w++)
        {
            int writer = w;
            threads.Start(() =>
            {
                for (int i = 0; i < 700; i++)
                {
                    var contents = new BatchContents();
                    for (int key = 0; key < 10; key++)
                    {
                        byte[] value = new byte[300];
                        BitConverter.TryWriteBytes(value, (i * 3) + writer);
                        Put(harness, contents, BitConverter.GetBytes(key), value);
                    }

                    new BatchWriter(harness.Core, contents).Write();
                }
            });
        }

        threads.Join();
        AssertOneBatch(harness);
        harness.KillAndReopen();
        AssertOneBatch(harness);
    }

    private static void Seal(Shard shard)
    {
        Segment segment = shard.Log.Hot.Current!.Segment!;
        shard.Log.CloseSegment(SegmentKind.Hot);
        Assert.True(shard.Log.TryAdvanceFlush(out _));
        Assert.Equal(SegmentState.Sealed, segment.State);
    }

    private static void AssertOneBatch(CoreHarness harness) =>
        Assert.Single(Enumerable.Range(0, 10)
            .Select(key => Number(harness.Get(BitConverter.GetBytes(key)))).Distinct());

    private static int Number(byte[]? value) => value is null ? 0 : BitConverter.ToInt32(value);

    private static BatchContents RandomBatch(
        CoreHarness harness, Random random, Dictionary<int, byte[]> model, int length = 0)
    {
        var contents = new BatchContents();
        for (int i = length == 0 ? random.Next(1, 12) : length; i > 0; i--)
        {
            int key = random.Next(Keys);
            if (random.Next(4) == 0)
            {
                Delete(harness, contents, BitConverter.GetBytes(key));
                model.Remove(key);
            }
            else
            {
                model[key] = Value(random);
                Put(harness, contents, BitConverter.GetBytes(key), model[key]);
            }
        }

        return contents;
    }

    private static byte[] Value(Random random)
    {
        byte[] value = new byte[random.Next(3_000)];
        random.NextBytes(value);
        return value;
    }

    private static bool Agrees(CoreHarness harness, Dictionary<int, byte[]> model) =>
        Enumerable.Range(0, Keys).All(key =>
        {
            byte[]? found = harness.Get(BitConverter.GetBytes(key));
            return model.TryGetValue(key, out byte[]? expected)
                ? found is not null && expected.AsSpan().SequenceEqual(found)
                : found is null;
        });

    private static void AssertModel(CoreHarness harness, Dictionary<int, byte[]> model, int seed) =>
        Assert.True(Agrees(harness, model), $"seed {seed}: the store differs from the model");

    private static void Put(
        CoreHarness harness,
        BatchContents contents,
        ReadOnlySpan<byte> key,
        ReadOnlySpan<byte> value)
    {
        ulong hash = harness.Core.Context.Hasher.Hash(key);
        contents.Add(hash, harness.Core.Context.Hasher.ShardOf(hash), key, value, isDelete: false);
    }

    private static void Delete(CoreHarness harness, BatchContents contents, ReadOnlySpan<byte> key)
    {
        ulong hash = harness.Core.Context.Hasher.Hash(key);
        contents.Add(hash, harness.Core.Context.Hasher.ShardOf(hash), key, [], isDelete: true);
    }
}
