namespace FlashKV.SimBackend.Tests.Media;

public sealed class MemoryMediumTests
{
    [Fact]
    public void Memory_is_taken_only_where_blocks_are_written()
    {
        using MemoryMedium medium = new(1L << 30);
        using AlignedMemory memory = new(1);
        Assert.Equal(0, medium.AllocatedBytes);
        medium.Write(123_456_789, [memory.Run(0, 1)], false);
        medium.Read(1, [memory.Run(0, 1)]);
        medium.Discard(0, 1L << 30);
        Assert.Equal(2 << 20, medium.AllocatedBytes);
    }

    [Fact]
    public void Writers_of_one_new_piece_at_once_lose_nothing()
    {
        using MemoryMedium medium = new(256);
        using AlignedMemory source = new(256);
        using AlignedMemory target = new(256);
        source.Fill(11);
        Parallel.For(0, 256, new ParallelOptions { MaxDegreeOfParallelism = 8 }, block =>
            medium.Write(block, [source.Run(block, 1)], false));
        medium.Read(0, [target.Run(0, 256)]);
        Assert.Equal(source.Bytes, target.Bytes);
    }

    [Fact]
    public void A_capacity_below_one_block_is_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new MemoryMedium(0));
        Assert.Throws<ArgumentOutOfRangeException>(() => new MemoryMedium(long.MaxValue));
    }

    [Fact]
    public void Transfers_allocate_no_managed_memory()
    {
        using MemoryMedium medium = new(1024);
        using AlignedMemory memory = new(4);
        MemoryRun[] runs = [memory.Run(0, 2), memory.Run(2, 2)];
        medium.Write(0, runs, false);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < 1000; i++)
        {
            medium.Write(i % 200, runs, forceUnitAccess: true);
            medium.Read(i % 200, runs);
        }

        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }
}
