using FlashKV.Tests.Doubles;

namespace FlashKV.Tests.Shards;

public sealed class ManyReaderTests
{
    private const int Keys = 2_000;

    [Theory]
    [InlineData(ulong.MaxValue, false)]
    [InlineData(ulong.MaxValue, true)]
    [InlineData(0x3FUL, false)]
    [InlineData(0x3FUL, true)]
    public void Many_keys_read_at_once_agree_with_single_gets(ulong hashMask, bool onDevice)
    {
        using CoreHarness harness = Filled(hashMask);
        if (onDevice)
        {
            EmptyCache(harness);
        }

        ReadOnlyMemory<byte>[] keys = KeysAndAbsentOnes();
        var results = new GetManyResult();
        int found = Read(harness, keys, results);

        int expectedFound = 0;
        Assert.Equal(keys.Length, results.Count);
        for (int i = 0; i < keys.Length; i++)
        {
            byte[]? expected = harness.Get(keys[i].Span);
            expectedFound += expected is null ? 0 : 1;
            Assert.Equal(expected is not null, results.IsFound(i));
            Assert.Equal(expected ?? [], results[i].ToArray());
        }

        Assert.Equal(expectedFound, found);
        Assert.InRange(found, 1, keys.Length - 1);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Reading_many_keys_again_allocates_nothing(bool onDevice)
    {
        using CoreHarness harness = Filled(ulong.MaxValue);
        if (onDevice)
        {
            EmptyCache(harness);
        }

        ReadOnlyMemory<byte>[] keys = KeysAndAbsentOnes();
        var results = new GetManyResult();
        for (int i = 0; i < 50; i++)
        {
            Read(harness, keys, results);
        }

        long before = GC.GetAllocatedBytesForCurrentThread();
        Read(harness, keys, results);

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public void A_damaged_record_among_many_is_reported_and_gives_its_buffers_back()
    {
        using CoreHarness harness = Filled(ulong.MaxValue);
        EmptyCache(harness);
        foreach (long block in Enumerable.Range(10, 40)
            .SelectMany(i => harness.Device.FindBlocks(Value(i))).ToHashSet())
        {
            harness.Device.Corrupt(block, 100);
        }

        ReadOnlyMemory<byte>[] keys = KeysAndAbsentOnes();
        var results = new GetManyResult();
        Assert.Throws<CorruptStoreException>(() => Read(harness, keys, results));
        long used = harness.Core.Context.Memory.UsedBytes;
        Assert.Throws<CorruptStoreException>(() => Read(harness, keys, results));

        Assert.Equal(used, harness.Core.Context.Memory.UsedBytes);
    }

    [Fact]
    public void Places_outside_of_the_result_are_refused()
    {
        using CoreHarness harness = Filled(ulong.MaxValue);
        var results = new GetManyResult();
        Read(harness, [BitConverter.GetBytes(1)], results);

        Assert.True(results.IsFound(0));
        Assert.Throws<ArgumentOutOfRangeException>(() => results.IsFound(1));
        Assert.Throws<ArgumentOutOfRangeException>(() => results[-1].Length);
        Assert.Equal(0, Read(harness, [], results));
        Assert.Equal(0, results.Count);
    }

    private static int Read(
        CoreHarness harness, ReadOnlySpan<ReadOnlyMemory<byte>> keys, GetManyResult results)
    {
        results.Begin(keys.Length);
        return results.Reader.Read(harness.Core, keys, results);
    }

    private static CoreHarness Filled(ulong hashMask)
    {
        var harness = new CoreHarness(hashMask: hashMask);
        for (int i = 0; i < Keys; i++)
        {
            harness.Put(BitConverter.GetBytes(i), Value(i));
        }

        harness.Delete(BitConverter.GetBytes(3));
        harness.Put(BitConverter.GetBytes(5), []);
        harness.KillAndReopen(); // seals everything
        return harness;
    }

    private static byte[] Value(int number)
    {
        byte[] value = new byte[(number % 50 == 7 ? 9_000 : 400) + (number % 300)];
        new Random(number).NextBytes(value);
        return value;
    }

    private static ReadOnlyMemory<byte>[] KeysAndAbsentOnes() =>
        [.. Enumerable.Range(0, 150).Select(i => (ReadOnlyMemory<byte>)BitConverter.GetBytes(
            i % 10 == 9 ? Keys + i : i))];

    // Whoever takes all frames leaves every sealed segment on the device only.
    private static void EmptyCache(CoreHarness harness)
    {
        while (harness.Core.Context.Cache.TryTake(out _))
        {
        }
    }
}
