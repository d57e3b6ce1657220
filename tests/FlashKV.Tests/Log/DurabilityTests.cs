using System.Buffers.Binary;
using FlashKV.Tests.Doubles;

namespace FlashKV.Tests.Log;

public sealed class DurabilityTests
{
    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(2);

    [Fact]
    public async Task Concurrent_durable_writers_lose_nothing_to_a_power_cut()
    {
        const int Writers = 4;
        const int Puts = 1_000;
        const int Seed = 11;
        using var harness = new CoreHarness();
        Task[] writers = [.. Enumerable.Range(0, Writers).Select(
            writer => Task.Run(() =>
            {
                Span<byte> key = stackalloc byte[8];
                for (int i = 0; i < Puts; i++)
                {
                    WriteKey(key, writer, i);
                    ulong sequence = harness.Put(key, key);
                    LogOf(harness, key).WaitDurable(sequence);
                }
            }))];
        await Task.WhenAll(writers).WaitAsync(s_limit, TestContext.Current.CancellationToken);

        harness.CutPowerAndReopen(Seed);

        byte[] expected = new byte[8];
        for (int writer = 0; writer < Writers; writer++)
        {
            for (int i = 0; i < Puts; i++)
            {
                WriteKey(expected, writer, i);
                Assert.Equal(expected, harness.Get(expected));
            }
        }
    }

    [Fact]
    public async Task An_asynchronous_wait_ends_with_the_flush_that_covers_it()
    {
        using var harness = new CoreHarness(shards: 1);
        ulong sequence = harness.Put("key"u8, "value"u8);

        ValueTask wait = LogOf(harness, "key"u8).WaitDurableAsync(
            sequence, TestContext.Current.CancellationToken);
        Assert.False(wait.IsCompleted);
        harness.Core.Flush();

        await wait.AsTask().WaitAsync(s_limit, TestContext.Current.CancellationToken);
        Assert.True(LogOf(harness, "key"u8).DurableSequence >= sequence);
    }

    [Fact]
    public async Task A_cancelled_wait_ends_and_the_write_stays()
    {
        using var harness = new CoreHarness(shards: 1);
        using var cancellation = new CancellationTokenSource();
        ulong sequence = harness.Put("key"u8, "value"u8);
        ValueTask wait = LogOf(harness, "key"u8).WaitDurableAsync(sequence, cancellation.Token);

        await cancellation.CancelAsync();

        await Assert.ThrowsAsync<OperationCanceledException>(
            () => wait.AsTask().WaitAsync(s_limit, CancellationToken.None));
        harness.Core.Flush();
        Assert.Equal("value"u8.ToArray(), harness.Get("key"u8));
    }

    [Fact]
    public async Task A_wait_ends_with_the_fault_of_the_store()
    {
        using var harness = new CoreHarness(shards: 1);
        ulong sequence = harness.Put("key"u8, "value"u8);
        ValueTask wait = LogOf(harness, "key"u8).WaitDurableAsync(
            sequence, TestContext.Current.CancellationToken);
        harness.Device.FailAfterBlocks = harness.Device.BlocksWritten;

        Assert.Throws<StoreFaultedException>(harness.Core.Flush);

        await Assert.ThrowsAsync<StoreFaultedException>(
            () => wait.AsTask().WaitAsync(s_limit, CancellationToken.None));
    }

    private static FlashKV.Log.ShardLog LogOf(CoreHarness harness, ReadOnlySpan<byte> key) =>
        harness.Core.ShardOf(harness.Core.Context.Hasher.Hash(key)).Log;

    private static void WriteKey(Span<byte> key, int writer, int number)
    {
        BinaryPrimitives.WriteInt32LittleEndian(key, writer);
        BinaryPrimitives.WriteInt32LittleEndian(key[4..], number);
    }
}
