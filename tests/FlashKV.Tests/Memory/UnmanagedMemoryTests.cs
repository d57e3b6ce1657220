using FlashKV.Memory;

namespace FlashKV.Tests.Memory;

public class UnmanagedMemoryTests
{
    [Theory]
    [InlineData(1, 64)]
    [InlineData(1000, 64)]
    [InlineData(64 << 10, 4096)]
    [InlineData(300_000, 4096)]
    [InlineData(2 << 20, 2 << 20)]
    [InlineData((5 << 20) + 1, 2 << 20)]
    public void A_block_is_zeroed_aligned_and_counted(long bytes, long alignment)
    {
        using UnmanagedMemory memory = new(64 << 20);

        MemoryBlock block = memory.Allocate(MemoryCategory.Cache, bytes);

        Assert.Equal(0, block.Address % alignment);
        Assert.InRange(block.Length, bytes, bytes + alignment - 1);
        Assert.Equal(block.Length, memory.GetUsedBytes(MemoryCategory.Cache));
        Assert.Equal(block.Length, memory.UsedBytes);
        Assert.Equal(0, memory.GetUsedBytes(MemoryCategory.Index));
        Assert.False(block.Span.ContainsAnyExcept((byte)0));
        block.Span.Fill(0xA5);
        memory.Free(block);
        Assert.Equal(0, memory.UsedBytes);
    }

    [Fact]
    public void Populated_memory_is_zero_and_usable()
    {
        using UnmanagedMemory memory = new(16 << 20);
        foreach (long bytes in new long[] { 100, 256 << 10, 4 << 20 })
        {
            MemoryBlock block = memory.Allocate(MemoryCategory.Index, bytes);
            UnmanagedMemory.Populate(new NativeRegion(block.Address, (int)block.Length));
            Assert.False(block.Span.ContainsAnyExcept((byte)0));
            block.Span.Fill(1);
        }
    }

    [Fact]
    public void The_budget_is_never_exceeded()
    {
        using UnmanagedMemory memory = new(1 << 20);
        MemoryBlock first = memory.Allocate(MemoryCategory.Index, 768 << 10);

        Assert.False(memory.TryAllocate(MemoryCategory.Cache, 512 << 10, out _));
        Assert.Equal(1, memory.Refusals);
        Assert.Equal(first.Length, memory.UsedBytes);
        InsufficientMemoryException thrown = Assert.Throws<InsufficientMemoryException>(
            () => memory.Allocate(MemoryCategory.Cache, 512 << 10));
        Assert.Contains("1048576", thrown.Message, StringComparison.Ordinal);

        Assert.True(memory.TryAllocate(MemoryCategory.Cache, 256 << 10, out _));
        Assert.Equal(0, memory.AvailableBytes);
        memory.Free(first);
        Assert.True(memory.TryAllocate(MemoryCategory.Cache, 512 << 10, out _));
    }

    [Fact]
    public void What_can_wait_leaves_room_for_what_cannot()
    {
        using UnmanagedMemory memory = new(1 << 20);

        Assert.False(
            memory.TryAllocate(MemoryCategory.Index, 512 << 10, out _, keepFreeBytes: 600 << 10));
        Assert.True(
            memory.TryAllocate(MemoryCategory.Index, 512 << 10, out _, keepFreeBytes: 512 << 10));
    }

    [Fact]
    public void Memory_of_others_is_counted_too()
    {
        using UnmanagedMemory memory = new(1000);

        Assert.True(memory.TryReserve(MemoryCategory.Staging, 900));
        Assert.False(memory.TryReserve(MemoryCategory.Staging, 101));
        Assert.Equal(900, memory.GetUsedBytes(MemoryCategory.Staging));
        memory.Release(MemoryCategory.Staging, 900);
        Assert.Equal(0, memory.UsedBytes);
        Assert.Throws<ArgumentOutOfRangeException>(
            () => memory.Release(MemoryCategory.Staging, 1));
    }

    [Fact]
    public void A_block_is_freed_once()
    {
        using UnmanagedMemory memory = new(1 << 20);
        MemoryBlock block = memory.Allocate(MemoryCategory.Buffers, 4096);
        memory.Free(block);

        Assert.Throws<ArgumentException>(() => memory.Free(block));
        Assert.Equal(0, memory.UsedBytes);
    }

    [Fact]
    public void A_request_beyond_the_machine_is_refused_and_changes_nothing()
    {
        using UnmanagedMemory memory = new(long.MaxValue);

        Assert.False(memory.TryAllocate(MemoryCategory.Cache, 1L << 60, out _));
        Assert.Equal(0, memory.UsedBytes);
        Assert.Equal(1, memory.Refusals);
    }

    [Fact]
    public void A_disposed_owner_hands_nothing_out()
    {
        UnmanagedMemory memory = new(1 << 20);
        MemoryBlock block = memory.Allocate(MemoryCategory.Index, 1 << 16);
        memory.Dispose();
        memory.Dispose();

        memory.Free(block); // Harmless: it is gone already.
        Assert.Equal(0, memory.UsedBytes);
        Assert.Throws<ObjectDisposedException>(
            () => memory.TryAllocate(MemoryCategory.Index, 1, out _));
    }
}
