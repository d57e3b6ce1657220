using FlashKV.Memory;

namespace FlashKV.Tests.Memory;

public class PageArenaTests
{
    private const int PagesPerHugePage = (int)(MemoryMap.HugePageBytes / PageArena.PageBytes);

    [Fact]
    public void Pages_are_zero_and_lie_apart_and_come_from_huge_pages()
    {
        using UnmanagedMemory memory = new(64 << 20);
        PageArena arena = new(memory, MemoryCategory.Index);
        HashSet<nint> addresses = [];
        for (int i = 0; i < PagesPerHugePage; i++)
        {
            Assert.True(arena.TryTake(0, out NativeRegion page));
            Assert.Equal(PageArena.PageBytes, page.Length);
            Assert.Equal(-1, page.Span(0, page.Length).IndexOfAnyExcept((byte)0));
            page.Span(0, page.Length).Fill(1);
            Assert.True(addresses.Add(page.Address / PageArena.PageBytes));
        }

        Assert.Equal(MemoryMap.HugePageBytes, memory.GetUsedBytes(MemoryCategory.Index));
    }

    [Fact]
    public void A_page_that_came_back_is_zero_again()
    {
        using UnmanagedMemory memory = new(64 << 20);
        PageArena arena = new(memory, MemoryCategory.Index);
        Assert.True(arena.TryTake(0, out NativeRegion kept));
        Assert.True(arena.TryTake(0, out NativeRegion first));
        first.Span(0, first.Length).Fill(1);
        arena.Return(first);

        Assert.True(arena.TryTake(0, out NativeRegion second));
        Assert.Equal(first.Address, second.Address);
        Assert.Equal(-1, second.Span(0, second.Length).IndexOfAnyExcept((byte)0));

        arena.Return(kept);
        arena.Return(second);
        Assert.Equal(0, memory.UsedBytes);
    }

    [Fact]
    public void A_small_budget_is_used_up_page_by_page()
    {
        using UnmanagedMemory memory = new(5 * PageArena.PageBytes);
        PageArena arena = new(memory, MemoryCategory.Index);
        for (int i = 0; i < 3; i++)
        {
            Assert.True(arena.TryTake(2 * PageArena.PageBytes, out _));
        }

        Assert.False(arena.TryTake(2 * PageArena.PageBytes, out _));
        Assert.True(arena.TryTake(0, out _));
        Assert.Equal(4 * PageArena.PageBytes, memory.UsedBytes);
    }
}
