using System.Text;
using FlashKV.Log;
using FlashKV.Tests.Doubles;

namespace FlashKV.Tests.Recovery;

/// <summary>
/// Headers and footers that are not what was written. A slot whose header cannot be read looks like
/// one that was never used: opening took it for that, and its records were gone without a word.
/// </summary>
public sealed class LostFrameTests
{
    private const int FooterOffset = 4096 - 64;

    // Slot 0 lies behind the chunk header, so the test looks at the next one.
    private const int Slot = 1;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_damaged_header_is_read_from_its_copy_and_reported(bool isSealed)
    {
        using CoreHarness harness = isSealed ? WithSealedSegments() : WithUnsealedSegment();
        harness.Device.Corrupt(HeaderOf(harness, isSealed), 44);

        harness.CutPowerAndReopen(seed: 1);

        AssertAllThere(harness, isSealed);
        string warning = Assert.Single(harness.Core.Context.Warnings);
        Assert.Contains("segment header is damaged", warning, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_lost_header_is_not_taken_for_a_slot_that_was_never_used(bool isSealed)
    {
        using CoreHarness harness = isSealed ? WithSealedSegments() : WithUnsealedSegment();
        long block = HeaderOf(harness, isSealed);
        harness.Device.Lose(block);

        CorruptStoreException corrupt = Assert.Throws<CorruptStoreException>(
            () => harness.CutPowerAndReopen(seed: 1));

        Assert.Equal("segment header", corrupt.Field);
        Assert.Equal(block - MemoryDevice.ChunkBlocks, corrupt.Lba);
    }

    [Fact]
    public void A_footer_with_any_bit_flipped_is_not_taken_for_none()
    {
        for (int offset = 0; offset < 60; offset++)
        {
            using CoreHarness harness = WithSealedSegments();
            harness.Device.Corrupt(harness.BlockOfSlot(Slot + 1) - 1, FooterOffset + offset);

            CorruptStoreException corrupt = Assert.Throws<CorruptStoreException>(
                () => harness.CutPowerAndReopen(seed: 1));

            Assert.Equal("segment footer", corrupt.Field);
        }
    }

    // The walk over an unsealed segment ends at the first record whose checksum is wrong, as if a
    // power cut had torn it. Behind a segment that is followed by another that cannot be.
    [Fact]
    public void A_record_that_is_damaged_in_front_of_a_later_segment_is_not_a_torn_tail()
    {
        using CoreHarness harness = WithSealedSegments();
        long marked = Assert.Single(
            harness.Device.FindBlocks("marked record"u8),
            block => block >= harness.BlockOfSlot(Slot) && block < harness.BlockOfSlot(Slot + 1));
        harness.Device.Lose(harness.BlockOfSlot(Slot + 1) - 1);
        harness.Device.Lose(harness.BlockOfSlot(Slot + 2) - 1);
        harness.Device.Corrupt(marked, 2_000);

        CorruptStoreException corrupt = Assert.Throws<CorruptStoreException>(
            () => harness.CutPowerAndReopen(seed: 1));

        Assert.Contains("first sequence number", corrupt.Field, StringComparison.Ordinal);
    }

    [Fact]
    public void A_compacted_slot_may_lose_what_is_left_of_it()
    {
        using CoreHarness harness = WithSealedSegments();
        for (int i = 0; i < Records; i++)
        {
            harness.Put(Key(i), "short"u8);
        }

        harness.Core.Flush();
        harness.Core.Shards[0].Compactor.CompactAll(TestContext.Current.CancellationToken);
        Assert.Null(harness.Core.Shards[0].Log.Segments.Find(Slot));
        harness.Device.Lose(harness.BlockOfSlot(Slot));

        harness.CutPowerAndReopen(seed: 1);

        Assert.Equal("short"u8.ToArray(), harness.Get(Key(1)));
        Assert.Empty(harness.Core.Context.Warnings);
    }

    private const int Records = 90;

    private static CoreHarness WithSealedSegments()
    {
        var harness = new CoreHarness(shards: 1);
        for (int i = 0; i < Records; i++)
        {
            harness.Put(Key(i), Value(i));
        }

        harness.Core.Flush();
        Assert.Equal(
            SegmentState.Sealed, harness.Core.Shards[0].Log.Segments.Find(Slot)!.State);
        return harness;
    }

    private static CoreHarness WithUnsealedSegment()
    {
        var harness = new CoreHarness(shards: 1);
        harness.Put(Key(0), Value(0));
        harness.Core.Flush();
        harness.Put(Key(1), Value(1));
        harness.Core.Flush();
        return harness;
    }

    private static long HeaderOf(CoreHarness harness, bool isSealed) =>
        isSealed ? harness.BlockOfSlot(Slot) : harness.BlockOfSlot(0) + 1;

    private static void AssertAllThere(CoreHarness harness, bool isSealed)
    {
        for (int i = 0; i < (isSealed ? Records : 2); i++)
        {
            Assert.Equal(Value(i), harness.Get(Key(i)));
        }
    }

    private static byte[] Key(int number) => Encoding.UTF8.GetBytes($"key {number}");

    // Some 25 of these fill a segment.
    private static byte[] Value(int number)
    {
        byte[] value = new byte[10_000];
        (number == 35 ? "marked record"u8 : "another one"u8).CopyTo(value);
        return value;
    }
}
