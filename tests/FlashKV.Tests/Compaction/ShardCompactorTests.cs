using FlashKV.Compaction;
using FlashKV.Log;
using FlashKV.Memory;
using FlashKV.Shards;
using FlashKV.Tests.Doubles;

namespace FlashKV.Tests.Compaction;

public sealed class ShardCompactorTests
{
    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(2);

    [Theory]
    [InlineData(1, false)]
    [InlineData(2, false)]
    [InlineData(3, true)]
    [InlineData(4, true)]
    public void Overwriting_with_compaction_agrees_with_a_dictionary(int seed, bool cutsPower)
    {
        using var harness = new CoreHarness();
        var model = new Dictionary<int, byte[]>();
        var random = new Random(seed);
        for (int i = 0; i < 30_000; i++)
        {
            int number = random.Next(1_000);
            byte[] key = BitConverter.GetBytes(number);
            if (random.Next(5) == 0)
            {
                Assert.Equal(model.Remove(number), harness.Delete(key));
            }
            else
            {
                byte[] value = new byte[random.Next(500)];
                random.NextBytes(value);
                harness.Put(key, value);
                model[number] = value;
            }

            if (random.Next(500) == 0)
            {
                CompactWithin(harness);
            }

            if (random.Next(8_000) == 0)
            {
                Restart(harness, random, cutsPower);
            }
        }

        AssertSame(model, harness, seed);
        Restart(harness, random, cutsPower);
        AssertSame(model, harness, seed);
        AssertSameScan(model, harness);
    }

    [Fact]
    public void Steady_overwriting_keeps_the_log_within_its_bounds()
    {
        using var harness = new CoreHarness(shards: 1);
        byte[] value = new byte[400];
        int most = 0;
        for (int i = 0; i < 60_000; i++)
        {
            harness.Put(BitConverter.GetBytes(i % 2_000), value);
            if (i % 200 == 0)
            {
                CompactWithin(harness);
                most = Math.Max(most, harness.Core.Shards[0].Log.Segments.InUse().Count);
            }
        }

        // 2,000 records of 432 bytes are 3.3 segments; a quarter, slack and the tails come on top.
        Assert.InRange(most, 4, 12);
        Assert.Equal(2_000, harness.Core.Shards[0].Index.Count);
    }

    // The log grew without a bound where writers were faster than background work.
    [Fact]
    public void Writers_help_where_compaction_does_not_keep_up()
    {
        using var harness = new CoreHarness(shards: 1);
        Shard shard = harness.Core.Shards[0];
        byte[] value = new byte[400];
        int most = 0;
        int turns = 0;
        for (int i = 0; i < 60_000; i++) // 100 segments
        {
            harness.Put(BitConverter.GetBytes(i % 2_000), value);
            if (i % 5_000 == 0)
            {
                turns += BackgroundWorker.Work(shard) ? 1 : 0;
                most = Math.Max(most, shard.Log.Segments.InUse().Count);
            }
        }

        Assert.InRange(turns, 1, 12);
        Assert.InRange(most, 4, 24);
        Assert.InRange(shard.Compactor.Counts.Segments, 5 * turns, 100);
        Assert.Equal(2_000, shard.Index.Count);
    }

    // Writers held the log at half more than its bound.
    [Fact]
    public void The_bound_is_kept_where_writers_outrun_background_work()
    {
        const int Keys = 20_000;
        using var harness = new CoreHarness(shards: 1, chunks: 32);
        Shard shard = harness.Core.Shards[0];
        byte[] value = new byte[400];
        var random = new Random(5);
        double most = 0;
        for (int i = 0; i < 12 * Keys; i++)
        {
            harness.Put(BitConverter.GetBytes(i < Keys ? i : random.Next(Keys)), value);
            if (i % 5_000 == 0)
            {
                // Background work that hardly comes to anything.
                _ = BackgroundWorker.Work(shard);
            }

            if (i > 2 * Keys && i % 1_000 == 0)
            {
                most = Math.Max(most, AmplificationOf(harness, shard));
            }
        }

        // A tenth more is where writers do what it takes; here they do nearly all of it.
        double bound = harness.Options.SpaceAmplification;
        Assert.InRange(most, bound, bound * 1.5);
    }

    // A writer that emptied a whole segment flushed, and waited until the segment could go.
    [Fact]
    public void A_writer_that_empties_a_segment_does_not_wait_for_a_flush()
    {
        using var harness = new CoreHarness(shards: 1);
        Shard shard = harness.Core.Shards[0];
        byte[] value = new byte[400];
        for (int i = 0; i < 10_000; i++)
        {
            harness.Put(BitConverter.GetBytes(i % 2_000), value);
        }

        shard.Compactor.HelpALittle(); // Nobody has looked at the log before.
        Assert.True(shard.Compactor.IsBehind);
        ulong durable = shard.Log.DurableSequence;
        shard.Compactor.HelpMuch();
        Assert.Equal(1, shard.Compactor.Counts.Segments);
        Assert.Equal(durable, shard.Log.DurableSequence);
        Assert.Single(shard.Log.Segments.InUse(), IsEmptied);

        shard.Log.Flush();
        shard.Compactor.HelpMuch();
        Assert.Single(shard.Log.Segments.InUse(), IsEmptied); // The first is gone.
        Assert.Equal(2, shard.Compactor.Counts.Segments);

        static bool IsEmptied(Segment segment) => segment.State == SegmentState.Emptied;
    }

    // A compaction flushed and waited for each segment that it emptied; writers that helped waited.
    [Fact]
    public void An_emptied_segment_goes_after_a_flush_that_comes_anyway()
    {
        using var harness = new CoreHarness(shards: 1);
        ShardCompactor compactor = harness.Core.Shards[0].Compactor;
        ShardLog log = harness.Core.Shards[0].Log;
        byte[] value = new byte[400];
        for (int i = 0; compactor.Counts.Segments == 0; i++)
        {
            Assert.InRange(i, 0, 60_000);
            harness.Put(BitConverter.GetBytes(i % 2_000), value);
            if (log.TakeSealed())
            {
                compactor.Advance();
            }
        }

        List<Segment> emptied =
            log.Segments.InUse().FindAll(segment => segment.State == SegmentState.Emptied);
        Assert.NotEmpty(emptied);
        log.Flush();
        log.TryAdvanceFlush(out _);
        compactor.Advance();
        Assert.All(emptied, segment => Assert.Equal(SegmentState.Freed, segment.State));
        harness.KillAndReopen();
        Assert.Equal(2_000, harness.Core.Shards[0].Index.Count);
    }

    [Fact]
    public void A_writer_that_helps_a_little_neither_waits_nor_writes_to_the_device()
    {
        using var harness = new CoreHarness(shards: 1);
        Shard shard = harness.Core.Shards[0];
        byte[] value = new byte[400];
        for (int i = 0; i < 20_000; i++)
        {
            harness.Put(BitConverter.GetBytes(i % 2_000), value);
        }

        long moved = shard.Compactor.Counts.MovedBytes;
        int written = harness.Device.BlocksWritten;
        shard.Compactor.HelpALittle();
        Assert.Equal(written, harness.Device.BlocksWritten);
        Assert.InRange(shard.Compactor.Counts.MovedBytes - moved, 0, 128 * 432);
    }

    // The background thread took want of memory for a failure, and the store refused all writes.
    [Fact]
    public void Without_memory_for_compaction_the_store_goes_on()
    {
        using var harness = new CoreHarness(shards: 1);
        StoreContext context = harness.Core.Context;
        harness.Put("key"u8, "before"u8);
        using (context.Buffers.Rent(harness.Options.SegmentBytes))
        using (new Reservation(context.Memory))
        using (var worker = new BackgroundWorker(harness.Core))
        {
            context.Work = worker;
            for (int i = 0; i < 20_000; i++)
            {
                harness.Put("key"u8, new byte[200]);
            }

            harness.Core.Flush();
        }

        Assert.Null(context.Fault.Cause);
        CompactWithin(harness);
        Assert.InRange(harness.Core.Shards[0].Log.Segments.InUse().Count, 1, 5);
        Assert.Equal(new byte[200], harness.Get("key"u8));
    }

    // Compaction freed segments whose records had been superseded in staging only: after a power
    // cut neither version was there. It now flushes what supersedes before it frees.
    [Fact]
    public void A_power_cut_after_compaction_leaves_one_version_of_every_key()
    {
        const int Keys = 300;
        using var harness = new CoreHarness(shards: 1);
        byte[] value = new byte[400];
        for (int i = 0; i < Keys; i++)
        {
            harness.Put(BitConverter.GetBytes(i), value);
        }

        SealTail(harness);
        for (int i = 0; i < Keys; i++)
        {
            harness.Put(BitConverter.GetBytes(i), value);
        }

        harness.Core.Shards[0].Compactor.CompactAll(TestContext.Current.CancellationToken);
        harness.CutPowerAndReopen(seed: 5);

        for (int i = 0; i < Keys; i++)
        {
            Assert.Equal(value, harness.Get(BitConverter.GetBytes(i)));
        }
    }

    [Fact]
    public void Deleted_keys_do_not_come_back_after_their_tombstones_are_gone()
    {
        using var harness = new CoreHarness(shards: 1);
        byte[] value = new byte[1_000];
        for (int i = 0; i < 2_000; i++)
        {
            harness.Put(BitConverter.GetBytes(i), value);
        }

        for (int i = 0; i < 2_000; i++)
        {
            Assert.True(harness.Delete(BitConverter.GetBytes(i)));
        }

        SealTail(harness);
        Shard shard = harness.Core.Shards[0];
        shard.Compactor.CompactAll(TestContext.Current.CancellationToken);
        shard.Compactor.CompactAll(TestContext.Current.CancellationToken);

        int tombstones = shard.Log.Segments.InUse().Sum(segment => segment.TombstoneBytes);
        Assert.Equal(0, tombstones);
        harness.CutPowerAndReopen(seed: 3);
        for (int i = 0; i < 2_000; i++)
        {
            Assert.Null(harness.Get(BitConverter.GetBytes(i)));
        }
    }

    [Fact]
    public void A_full_device_goes_on_by_compaction_when_there_is_something_to_gain()
    {
        using var harness = new CoreHarness(shards: 1, chunks: 2);
        byte[] value = new byte[100_000];

        // Ten times what the device holds, without any compaction in the background.
        for (int i = 0; i < 25_000; i++)
        {
            harness.Put(BitConverter.GetBytes(i % 100), value);
        }

        Assert.Equal(value, harness.Get(BitConverter.GetBytes(99)));
    }

    [Fact]
    public void A_scan_keeps_seeing_what_was_there_when_it_began()
    {
        const int Keys = 3_000;
        using var harness = new CoreHarness(shards: 1);
        for (int i = 0; i < Keys; i++)
        {
            harness.Put(BitConverter.GetBytes(i), BitConverter.GetBytes(i));
        }

        Shard shard = harness.Core.Shards[0];
        using var scan = new StoreScan(harness.Core);
        var seen = new Dictionary<int, int>();
        byte[] late = new byte[300];
        while (scan.MoveNext())
        {
            int key = BitConverter.ToInt32(scan.Current.Key);
            Assert.True(seen.TryAdd(key, BitConverter.ToInt32(scan.Current.Value)), $"key {key}");

            // Every step overwrites, deletes and adds, and compaction runs under the scan.
            harness.Put(BitConverter.GetBytes((key + 1_500) % Keys), late);
            harness.Delete(BitConverter.GetBytes((key + 700) % Keys));
            harness.Put(BitConverter.GetBytes(Keys + key), late);
            if (key % 100 == 0)
            {
                shard.Compactor.CompactAll(TestContext.Current.CancellationToken);
            }
        }

        Assert.Equal(Keys, seen.Count);
        Assert.All(seen, pair => Assert.Equal(pair.Key, pair.Value));
    }

    [Fact]
    public async Task Readers_and_writers_go_on_during_compaction()
    {
        const int Keys = 2_000;
        using var harness = new CoreHarness(shards: 1);
        byte[] value = new byte[200];
        for (int i = 0; i < Keys; i++)
        {
            harness.Put(BitConverter.GetBytes(i), value);
        }

        using var stop = new CancellationTokenSource();
        CancellationToken cancellation = TestContext.Current.CancellationToken;
        Task compaction = Task.Run(
            () =>
            {
                while (!stop.IsCancellationRequested)
                {
                    harness.Core.Shards[0].Compactor.CompactAll(cancellation);
                }
            },
            cancellation);
        Task[] workers = [.. Enumerable.Range(0, 3).Select(worker => Task.Run(() =>
        {
            var random = new Random(worker);
            byte[] written = new byte[200];
            for (int i = 0; i < 20_000; i++)
            {
                byte[] key = BitConverter.GetBytes(random.Next(Keys));
                Assert.Equal(200, harness.Get(key)!.Length);
                harness.Put(key, written);
            }
        }))];
        await Task.WhenAll(workers).WaitAsync(s_limit, TestContext.Current.CancellationToken);
        await stop.CancelAsync();
        await compaction.WaitAsync(s_limit, TestContext.Current.CancellationToken);

        harness.KillAndReopen();
        Assert.Equal(Keys, harness.Core.Shards[0].Index.Count);
    }

    private static void Restart(CoreHarness harness, Random random, bool cutsPower)
    {
        if (cutsPower)
        {
            harness.Core.Flush();
            harness.CutPowerAndReopen(random.Next());
        }
        else
        {
            harness.KillAndReopen();
        }
    }

    private static double AmplificationOf(CoreHarness harness, Shard shard)
    {
        var picker = new VictimPicker(shard.Log, harness.Core.Context.Geometry);
        _ = picker.Pick(1);
        return picker.LastAmplification;
    }

    // What was emptied goes with the flush after it.
    private static void CompactWithin(CoreHarness harness)
    {
        foreach (Shard shard in harness.Core.Shards)
        {
            while (shard.Compactor.Advance() || shard.Compactor.IsUnderWay)
            {
                harness.Core.Flush();
                shard.Log.AdvanceFlush();
            }
        }
    }

    private static void SealTail(CoreHarness harness)
    {
        harness.Core.Shards[0].Log.CloseSegment(SegmentKind.Hot);
        harness.Core.Shards[0].Log.AdvanceFlush();
    }

    private static void AssertSame(Dictionary<int, byte[]> model, CoreHarness harness, int seed)
    {
        for (int number = 0; number < 1_000; number++)
        {
            byte[]? found = harness.Get(BitConverter.GetBytes(number));
            Assert.True(
                model.TryGetValue(number, out byte[]? expected)
                    ? found is not null && expected.AsSpan().SequenceEqual(found)
                    : found is null,
                $"seed {seed}: key {number} differs");
        }
    }

    private static void AssertSameScan(Dictionary<int, byte[]> model, CoreHarness harness)
    {
        var seen = new Dictionary<int, byte[]>();
        foreach (StoreEntry entry in new StoreScan(harness.Core))
        {
            seen.Add(BitConverter.ToInt32(entry.Key), entry.Value.ToArray());
        }

        Assert.Equal(model.OrderBy(pair => pair.Key), seen.OrderBy(pair => pair.Key));
    }

    /// <summary>Takes all that is left of a memory budget.</summary>
    private sealed class Reservation : IDisposable
    {
        private readonly UnmanagedMemory _memory;
        private readonly long _bytes;

        public Reservation(UnmanagedMemory memory)
        {
            _memory = memory;
            _bytes = memory.AvailableBytes;
            Assert.True(memory.TryReserve(MemoryCategory.Snapshots, _bytes));
        }

        public void Dispose() => _memory.Release(MemoryCategory.Snapshots, _bytes);
    }
}
