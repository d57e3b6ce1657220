using FlashKV.Log;
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
        using UnmanagedMemory memory = new(8L << 20);
        SegmentCache cache = new(memory, SegmentBytes);
        memory.Allocate(MemoryCategory.Buffers, memory.BudgetBytes - (2 * SegmentBytes));

        Assert.True(cache.TryTakeFree(out _));
        Assert.False(cache.TryTakeFree(out _));
    }

    [Fact]
    public void Frames_go_back_when_the_index_leaves_little_of_the_budget()
    {
        using UnmanagedMemory memory = new(32L << 20);
        SegmentCache cache = new(memory, SegmentBytes);
        var segments = new List<Segment>();
        while (cache.TryTakeFree(out NativeRegion frame))
        {
            var segment = new Segment(new SegmentHeader { Slot = segments.Count });
            cache.Publish(segment, frame);
            segments.Add(segment);
        }

        long used = memory.GetUsedBytes(MemoryCategory.Cache);
        Assert.Equal(memory.BudgetBytes * 5 / 8, used);
        memory.Allocate(MemoryCategory.Index, memory.AvailableBytes - SegmentBytes);
        Assert.True(cache.TryTake(out NativeRegion last));
        cache.Return(last);

        Assert.True(memory.AvailableBytes >= memory.BudgetBytes / 8);
        Assert.InRange(memory.GetUsedBytes(MemoryCategory.Cache), used / 2, used - SegmentBytes);
        Assert.All(segments, segment => Assert.Equal(segment.CacheFrame, segment.Image));
        Assert.All(segments[..4], segment => Assert.Equal(0, segment.Image));
        Assert.NotEqual(0, segments[^1].Image);
        Assert.False(cache.TryTakeFree(out _) && cache.TryTakeFree(out _));
    }
}
