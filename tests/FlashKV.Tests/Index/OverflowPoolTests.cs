using FlashKV.Index;
using FlashKV.Memory;

namespace FlashKV.Tests.Index;

public class OverflowPoolTests
{
    private const int Seed = 7_311;

    [Fact]
    public void The_class_is_the_smallest_that_holds_the_entries()
    {
        for (int entries = 1; entries <= 1 << OverflowPool.MaxClass; entries++)
        {
            int blockClass = OverflowPool.ClassFor(entries);
            Assert.True(1 << blockClass >= entries);
            Assert.True(blockClass == 0 || 1 << (blockClass - 1) < entries);
        }
    }

    [Fact]
    public void Blocks_in_use_never_overlap()
    {
        using UnmanagedMemory memory = new(16 << 20);
        using OverflowPool pool = new(memory);
        Random random = new(Seed);
        List<(uint Block, int Class)> inUse = [];
        HashSet<uint> words = [];
        for (int step = 0; step < 50_000; step++)
        {
            if (inUse.Count < 500 && random.Next(2) == 0)
            {
                int blockClass = random.Next(8) == 0 ? random.Next(11) : random.Next(4);
                uint block = pool.TryAllocate(blockClass);
                Assert.NotEqual(0u, block);
                Assert.Equal(0u, block & ((1u << blockClass) - 1));
                for (uint word = 0; word < 1u << blockClass; word++)
                {
                    Assert.True(words.Add(block + word), $"seed {Seed}, step {step}");
                }

                inUse.Add((block, blockClass));
            }
            else if (inUse.Count > 0)
            {
                int victim = random.Next(inUse.Count);
                (uint block, int blockClass) = inUse[victim];
                for (uint word = 0; word < 1u << blockClass; word++)
                {
                    words.Remove(block + word);
                }

                pool.Free(block, blockClass);
                inUse[victim] = inUse[^1];
                inUse.RemoveAt(inUse.Count - 1);
            }
        }
    }

    [Fact]
    public void Without_memory_it_refuses_and_goes_on_when_blocks_come_back()
    {
        using UnmanagedMemory memory = new(LinePages.PageBytes + 1024);
        using OverflowPool pool = new(memory);
        List<uint> blocks = [];
        for (uint block; (block = pool.TryAllocate(OverflowPool.MaxClass)) != 0;)
        {
            blocks.Add(block);
        }

        Assert.Equal(LinePages.PageBytes / (8 << OverflowPool.MaxClass) - 1, blocks.Count);
        Assert.Equal(0u, pool.TryAllocate(0));
        pool.Free(blocks[0], OverflowPool.MaxClass);
        Assert.NotEqual(0u, pool.TryAllocate(0));
    }

    [Fact]
    public unsafe void Two_threads_never_get_the_same_block()
    {
        using UnmanagedMemory memory = new(16 << 20);
        using OverflowPool pool = new(memory);
        using StressThreads threads = new();
        for (int thread = 1; thread <= 3; thread++)
        {
            ulong owner = (ulong)thread;
            threads.Start(() =>
            {
                Random random = new(Seed + (int)owner);
                (uint Block, int Class)[] mine = new (uint, int)[16];
                for (int step = 0; step < 200_000; step++)
                {
                    ref (uint Block, int Class) slot = ref mine[random.Next(mine.Length)];
                    if (slot.Block != 0)
                    {
                        Assert.Equal(owner, Volatile.Read(ref *pool.GetWord(slot.Block)));
                        pool.Free(slot.Block, slot.Class);
                        slot = default;
                        continue;
                    }

                    slot.Class = random.Next(3);
                    slot.Block = pool.TryAllocate(slot.Class);
                    Volatile.Write(ref *pool.GetWord(slot.Block), owner);
                }
            });
        }

        threads.Join();
    }
}
