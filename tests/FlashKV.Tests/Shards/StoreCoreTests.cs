using System.Buffers.Binary;
using System.Text;
using FlashKV.Tests.Doubles;

namespace FlashKV.Tests.Shards;

public sealed class StoreCoreTests
{
    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(2);

    [Fact]
    public void Put_then_get_returns_the_value_and_delete_takes_it_away()
    {
        using var harness = new CoreHarness();

        harness.Put("a"u8, "one"u8);
        harness.Put("a"u8, "two"u8);
        harness.Put("b"u8, []);

        Assert.Equal("two"u8.ToArray(), harness.Get("a"u8));
        Assert.Empty(harness.Get("b"u8)!);
        Assert.Null(harness.Get("c"u8));
        Assert.True(harness.Delete("a"u8));
        Assert.False(harness.Delete("a"u8));
        Assert.Null(harness.Get("a"u8));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Random_operations_agree_with_a_dictionary_over_kills(int seed) =>
        RunAgainstModel(seed, ulong.MaxValue, static (harness, _) => harness.KillAndReopen());

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Flushed_operations_agree_with_a_dictionary_over_power_cuts(int seed) =>
        RunAgainstModel(seed, ulong.MaxValue, static (harness, random) =>
        {
            harness.Core.Flush();
            harness.CutPowerAndReopen(random.Next());
        });

    // The mask leaves 16 different hashes, so nearly all keys collide in all 64 bits.
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Keys_with_equal_hashes_stay_apart_over_kills(int seed) =>
        RunAgainstModel(
            seed, 0xF, static (harness, _) => harness.KillAndReopen(), operations: 2_000, keys: 60);

    [Fact]
    public void Unflushed_puts_survive_a_kill_and_not_a_power_cut()
    {
        using var harness = new CoreHarness();
        harness.Put("key"u8, "value"u8);

        harness.KillAndReopen();
        Assert.Equal("value"u8.ToArray(), harness.Get("key"u8));

        harness.Put("late"u8, "value"u8);
        harness.CutPowerAndReopen(seed: 1);
        Assert.Equal("value"u8.ToArray(), harness.Get("key"u8));
        Assert.Null(harness.Get("late"u8));
    }

    [Fact]
    public void A_damaged_record_is_reported_and_never_returned()
    {
        using var harness = new CoreHarness(shards: 1);
        byte[] marker = Encoding.ASCII.GetBytes("a value that can be found on the device");
        harness.Put("key"u8, marker);
        FillSegments(harness, 3);
        harness.KillAndReopen();
        foreach (long block in harness.Device.FindBlocks(marker))
        {
            harness.Device.Corrupt(block, 4096 / 128);
        }

        Assert.ThrowsAny<CorruptStoreException>(() => harness.Get("key"u8));
    }

    [Fact]
    public void A_full_device_refuses_puts_and_still_takes_deletes()
    {
        // One chunk is the superblock's, one the shard's.
        using var harness = new CoreHarness(shards: 1, chunks: 2);
        byte[] value = new byte[100_000];
        int stored = 0;
        StoreFullException full = Assert.Throws<StoreFullException>((Action)(() =>
        {
            while (true)
            {
                harness.Put(BitConverter.GetBytes(stored), value);
                stored++;
            }
        }));

        Assert.Equal(0, full.Shard);
        Assert.True(harness.Delete(BitConverter.GetBytes(0)));
        Assert.Null(harness.Get(BitConverter.GetBytes(0)));
        Assert.Equal(value, harness.Get(BitConverter.GetBytes(stored - 1)));
        Assert.Null(harness.Get(BitConverter.GetBytes(stored)));
        harness.KillAndReopen();
        Assert.Equal(value, harness.Get(BitConverter.GetBytes(stored - 1)));
        Assert.Null(harness.Get(BitConverter.GetBytes(0)));
    }

    [Fact]
    public void A_failed_write_faults_the_store_and_leaves_it_readable()
    {
        using var harness = new CoreHarness(shards: 1);
        harness.Put("key"u8, "value"u8);
        harness.Device.FailAfterBlocks = harness.Device.BlocksWritten;

        Assert.Throws<StoreFaultedException>(harness.Core.Flush);
        StoreFaultedException later =
            Assert.Throws<StoreFaultedException>(() => harness.Put("other"u8, "value"u8));
        Assert.IsType<IOException>(later.InnerException);
        Assert.Equal("value"u8.ToArray(), harness.Get("key"u8));
    }

    [Fact]
    public async Task Concurrent_writers_and_readers_see_every_key_they_wrote()
    {
        using var harness = new CoreHarness();
        Task[] workers = [.. Enumerable.Range(0, 4).Select(worker => Task.Run(() =>
        {
            Span<byte> key = stackalloc byte[8];
            byte[] value = new byte[64];
            for (int i = 0; i < 20_000; i++)
            {
                BinaryPrimitives.WriteInt32LittleEndian(key, worker);
                BinaryPrimitives.WriteInt32LittleEndian(key[4..], i % 5_000);
                BinaryPrimitives.WriteInt32LittleEndian(value, i);
                harness.Put(key, value);
                Assert.Equal(value, harness.Get(key));
            }
        }))];
        await Task.WhenAll(workers).WaitAsync(s_limit, TestContext.Current.CancellationToken);

        harness.KillAndReopen();
        Assert.Equal(
            20_000, harness.Core.Shards[0].Index.Count + harness.Core.Shards[1].Index.Count);
    }

    [Fact]
    public void Putting_and_getting_in_memory_allocates_nothing()
    {
        using var harness = new CoreHarness();
        byte[] key = "some key"u8.ToArray();
        byte[] value = new byte[100];
        ulong hash = harness.Core.Context.Hasher.Hash(key);
        PutAndFind(harness, key, value, 20_000);

        // From the start of a segment: opening the next one makes an object, once per segment.
        while (harness.Core.ShardOf(hash).Log.Hot.Offset > 16 << 10)
        {
            harness.Put(key, value);
        }

        long before = GC.GetAllocatedBytesForCurrentThread();
        PutAndFind(harness, key, value, 1_000);

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    // A put over a record on the device read it with the latch of the bucket held.
    [Theory]
    [InlineData(ulong.MaxValue)]
    [InlineData(0)]
    public void While_a_writer_reads_from_the_device_others_write_to_the_bucket(ulong hashMask)
    {
        using var harness = new CoreHarness(shards: 1, hashMask: hashMask);
        harness.Put("key"u8, "first"u8);
        harness.Put("other"u8, "first"u8);
        FillSegments(harness, 3);
        harness.Core.Flush();
        foreach (var segment in harness.Core.Shards[0].Log.Segments.InUse())
        {
            harness.Core.Context.Cache.Evict(segment);
        }

        int reads = 0;
        harness.Device.Reading = () =>
        {
            if (reads++ == 0)
            {
                Task other = Task.Run(() => harness.Put("key"u8, "of another"u8));
                Assert.True(other.Wait(s_limit), "the other writer waits");
            }
        };
        harness.Put("key"u8, "second"u8);

        harness.Device.Reading = null;
        Assert.True(reads > 0);
        Assert.Equal("second"u8.ToArray(), harness.Get("key"u8));
        Assert.Equal("first"u8.ToArray(), harness.Get("other"u8));
        harness.KillAndReopen();
        Assert.Equal("second"u8.ToArray(), harness.Get("key"u8));
    }

    private static void PutAndFind(CoreHarness harness, byte[] key, byte[] value, int times)
    {
        for (int i = 0; i < times; i++)
        {
            harness.Put(key, value);
            ulong hash = harness.Core.Context.Hasher.Hash(key);
            using FlashKV.Memory.Epoch.Operation operation = FlashKV.Memory.Epoch.Enter();
            Assert.True(harness.Core.ShardOf(hash).TryFind(hash, key, out var found));
            found.Dispose();
        }
    }

    private static void FillSegments(CoreHarness harness, int segments)
    {
        byte[] value = new byte[10_000];
        int count = segments * harness.Options.SegmentBytes / value.Length;
        for (int i = 0; i < count; i++)
        {
            harness.Put(BitConverter.GetBytes(i), value);
        }
    }

    private static void RunAgainstModel(
        int seed,
        ulong hashMask,
        Action<CoreHarness, Random> restart,
        int operations = 20_000,
        int keys = 3_000)
    {
        using var harness = new CoreHarness(hashMask: hashMask);
        var model = new Dictionary<int, byte[]>();
        var random = new Random(seed);
        for (int i = 0; i < operations; i++)
        {
            int number = random.Next(keys);
            byte[] key = BitConverter.GetBytes(number);
            switch (random.Next(10))
            {
                case < 6:
                    byte[] value = new byte[random.Next(600)];
                    random.NextBytes(value);
                    harness.Put(key, value);
                    model[number] = value;
                    break;
                case < 8:
                    Assert.Equal(model.Remove(number), harness.Delete(key));
                    break;
                default:
                    Assert.Equal(model.GetValueOrDefault(number), harness.Get(key));
                    break;
            }

            if (random.Next(operations / 4) == 0)
            {
                restart(harness, random);
            }
        }

        restart(harness, random);
        for (int number = 0; number < keys; number++)
        {
            byte[]? found = harness.Get(BitConverter.GetBytes(number));
            Assert.True(
                model.TryGetValue(number, out byte[]? expected)
                    ? expected.AsSpan().SequenceEqual(found) && found is not null
                    : found is null,
                $"seed {seed}: key {number} differs");
        }
    }
}
