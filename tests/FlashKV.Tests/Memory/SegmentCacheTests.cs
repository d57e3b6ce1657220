using FlashKV.Memory;

namespace FlashKV.Tests.Memory;

public class SegmentCacheTests
{
    private const int SegmentBytes = 1 << 20;

    [Theory]
    [InlineData(8, 5)] // two huge pages of two frames each, and one frame
    [InlineData(16, 10)]
    [InlineData(1, 0)]
    public void Frames_take_their_share_of_the_budget_and_do_not_overlap(
        int budgetMebibytes, int expected)
    {
        using UnmanagedMemory memory = new((long)budgetMebibytes << 20);
        SegmentCache cache = new(memory, SegmentBytes);
        List<nint> frames = [];
        while (cache.TryTakeFree(out NativeRegion frame))
        {
            frame.Span(0, frame.Length).Fill(1);
            frames.Add(frame.Address);
        }

        frames.Sort();
        Assert.Equal(expected, frames.Count);
        Assert.All(frames.Zip(frames.Skip(1)), pair =>
            Assert.True(pair.Second - pair.First >= SegmentBytes));
        Assert.Equal((long)expected * SegmentBytes, memory.GetUsedBytes(MemoryCategory.Cache));
        Assert.False(cache.HasRoom);
    }

    [Fact]
    public void A_frame_alone_is_taken_where_memory_for_a_huge_page_is_refused()
    {
        using UnmanagedMemory memory = new(7L << 20);
        SegmentCache cache = new(memory, SegmentBytes);
        memory.Allocate(MemoryCategory.Buffers, memory.BudgetBytes - SegmentBytes);

        Assert.True(cache.TryTakeFree(out _));
        Assert.False(cache.TryTakeFree(out _));
    }
}
