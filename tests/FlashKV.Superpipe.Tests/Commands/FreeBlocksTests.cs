using System.Numerics;
using FlashKV.Superpipe.Commands;
using FlashKV.Superpipe.Tests.Doubles;

namespace FlashKV.Superpipe.Tests.Commands;

public class FreeBlocksTests
{
    [Theory]
    [InlineData(16, 1)]
    [InlineData(16, 64)]
    [InlineData(256, 2)]
    [InlineData(8192, 6)]
    public void Every_block_is_claimed_once(int count, int processors)
    {
        FreeBlocks free = new(count, processors);
        HashSet<int> claimed = [];
        while (free.TryClaim(7, hint: 3, out int first, out ulong mask))
        {
            Assert.InRange(BitOperations.PopCount(mask), 1, 7);
            for (; mask != 0; mask &= mask - 1)
            {
                int index = first + BitOperations.TrailingZeroCount(mask);
                Assert.True(claimed.Add(index));
                Assert.InRange(index, 0, count - 1);
            }
        }

        Assert.Equal(count, claimed.Count);
        Assert.Equal(0, free.Count);
        foreach (int index in claimed)
            free.Free(index);
        Assert.Equal(count, free.Count);
    }

    [Fact]
    public void Threads_never_hold_the_same_block()
    {
        FreeBlocks free = new(64, 2);
        int[] holders = new int[64];
        Threads.Run(4, number =>
        {
            Random random = new(number);
            for (int i = 0; i < 20_000; i++)
            {
                if (!free.TryClaim(random.Next(1, 20), number, out int first, out ulong mask))
                    continue;
                for (ulong rest = mask; rest != 0; rest &= rest - 1)
                {
                    int index = first + BitOperations.TrailingZeroCount(rest);
                    Assert.Equal(0, Interlocked.Exchange(ref holders[index], 1));
                    Volatile.Write(ref holders[index], 0);
                }

                free.Free(free.ShardOf(first), mask);
            }
        });
        Assert.Equal(64, free.Count);
    }
}
