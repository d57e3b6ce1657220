using FlashKV.Memory;

namespace FlashKV.Tests.Memory;

public sealed class BufferPoolTests
{
    // Small buffers were aligned to cache lines only, which cost the file medium a copy of each
    // transfer and failed an assertion of debug builds.
    [Theory]
    [InlineData(1)]
    [InlineData(4_096)]
    [InlineData(5_000)]
    [InlineData(70_000)]
    public void Buffers_are_aligned_to_blocks_and_do_not_overlap(int length)
    {
        using var memory = new UnmanagedMemory(64 << 20);
        var pool = new BufferPool(memory, 1 << 20);
        PooledBuffer[] buffers = [.. Enumerable.Range(0, 100).Select(_ => pool.Rent(length))];

        Assert.All(buffers, buffer => Assert.Equal(0, buffer.Address % BufferPool.MinBytes));
        nint[] addresses = [.. buffers.Select(buffer => buffer.Address).Order()];
        for (int i = 1; i < addresses.Length; i++)
        {
            Assert.True(addresses[i] - addresses[i - 1] >= buffers[0].Length);
        }

        long used = memory.UsedBytes;
        Array.ForEach(buffers, buffer => buffer.Dispose());
        for (int i = 0; i < buffers.Length; i++)
        {
            _ = pool.Rent(length);
        }

        Assert.Equal(used, memory.UsedBytes);
    }
}
