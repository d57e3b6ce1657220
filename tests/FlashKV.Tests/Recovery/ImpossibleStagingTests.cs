using System.Buffers.Binary;
using System.Text;
using FlashKV.Log;
using FlashKV.Memory;
using FlashKV.Recovery;
using FlashKV.Tests.Doubles;

namespace FlashKV.Tests.Recovery;

/// <summary>Staging in a state that no process leaves is refused, and opening comes to an end.</summary>
public sealed class ImpossibleStagingTests
{
    private const int SlotHeaderBytes = 4096;
    private const int FirstSlot = 4096;
    private const int SegmentBytes = 256 << 10;
    private const int SlotBytes = SlotHeaderBytes + SegmentBytes;

    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(30);

    // A record of no bytes was followed by itself, for ever.
    [Theory]
    [InlineData(0u, 2u)]
    [InlineData(8u, 3u)]
    [InlineData(16u, 1u)]
    [InlineData((uint)SegmentBytes, 2u)]
    [InlineData(uint.MaxValue - 7, 2u)]
    public async Task A_chain_of_impossible_sizes_is_broken(uint size, uint state)
    {
        using var memory = new UnmanagedMemory(1 << 20);
        NativeRegion data = new(
            memory.Allocate(MemoryCategory.Buffers, SegmentBytes).Address, SegmentBytes);
        data.Word(4096) = (long)(size | state) << 32;

        SegmentEnd? end = await Task.Run(() => SegmentScan.ScanStaging(data, 4096))
            .WaitAsync(s_limit, TestContext.Current.CancellationToken);

        Assert.Null(end);
    }

    // The numbers of records say how far a shard is durable. With one that was too large, a batch
    // counted of which a shard had lost its part, and sealing waited for that part for ever.
    [Fact]
    public async Task A_number_that_no_record_of_the_segment_has_is_refused()
    {
        using var harness = new CoreHarness(shards: 1);
        harness.Put(Key(1), "value"u8);
        harness.Put(Key(2), "value"u8);
        byte[] staging = harness.ReadStaging();
        int slot = SlotInUse(staging);
        Assert.True(StagingSlot.TryReadHeader(staging.AsSpan(slot), out SegmentHeader header));
        int record = new LogGeometry(SegmentBytes).DataOffsetOf(header.Slot);
        BinaryPrimitives.WriteUInt64LittleEndian(
            staging.AsSpan(slot + SlotHeaderBytes + record + RecordFormat.SequenceOffset), 1_000);

        CorruptStoreException corrupt = await Assert.ThrowsAsync<CorruptStoreException>(
            () => Reopen(harness, staging));

        Assert.Contains("sequence number", corrupt.Field, StringComparison.Ordinal);
        Assert.Equal(("1", "1000"), (corrupt.Expected, corrupt.Found));
    }

    // It was an ArgumentException of a dictionary.
    [Fact]
    public async Task Two_slots_for_one_segment_are_refused()
    {
        using var harness = new CoreHarness(shards: 1);
        harness.Put(Key(1), "value"u8);
        byte[] staging = harness.ReadStaging();
        int slot = SlotInUse(staging);
        int other = slot == FirstSlot ? slot + SlotBytes : FirstSlot;
        staging.AsSpan(slot, SlotBytes).CopyTo(staging.AsSpan(other));

        CorruptStoreException corrupt = await Assert.ThrowsAsync<CorruptStoreException>(
            () => Reopen(harness, staging));

        Assert.Contains("staging slots", corrupt.Field, StringComparison.Ordinal);
    }

    private static Task Reopen(CoreHarness harness, byte[] staging) =>
        Task.Run(() => harness.KillAndReopen(staging))
            .WaitAsync(s_limit, TestContext.Current.CancellationToken);

    private static int SlotInUse(byte[] staging) =>
        Enumerable.Range(0, ShardLog.SlotsPerShard)
            .Select(static slot => FirstSlot + (slot * SlotBytes))
            .Single(start => StagingSlot.IsInUseIn(staging.AsSpan(start)));

    private static byte[] Key(int number) => Encoding.UTF8.GetBytes($"key {number}");
}
