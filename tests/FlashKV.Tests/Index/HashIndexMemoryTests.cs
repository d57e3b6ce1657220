using FlashKV.Index;
using FlashKV.Memory;

namespace FlashKV.Tests.Index;

/// <summary>What the index takes from the budget, and what it does when there is no more.</summary>
public class HashIndexMemoryTests(ITestOutputHelper output)
{
    private const int PagesOnTop = 4 << 20; // part-used pages and the directories

    [Fact]
    public void A_key_takes_at_most_twelve_bytes_at_every_stage_of_growth()
    {
        using UnmanagedMemory memory = new(64 << 20);
        using HashIndex index = new(memory);
        for (int key = 0; key < 2_000_000; key++)
        {
            Assert.True(TestKeys.Put(index, key, 0));
            if (key % 100_000 == 99_999 && key > 400_000)
            {
                int keys = key + 1;
                double bytesPerKey = (double)index.BytesUsed / keys;
                output.WriteLine($"{keys,9} keys {bytesPerKey:F2} bytes, {index.BucketCount}");
                Assert.True(index.BytesUsed < 11.5 * keys + PagesOnTop, $"{keys}: {bytesPerKey}");
            }
        }

        Assert.True(index.BytesUsed <= 12 * index.Count);
        Assert.InRange(
            memory.GetUsedBytes(MemoryCategory.Index),
            index.BytesUsed,
            index.BytesUsed + MemoryMap.HugePageBytes);
    }

    [Fact]
    public void Memory_does_not_grow_while_keys_come_and_go()
    {
        using UnmanagedMemory memory = new(64 << 20);
        using HashIndex index = new(memory);
        for (int key = 0; key < 300_000; key++)
        {
            Assert.True(TestKeys.Put(index, key, 0));
        }

        long before = index.BytesUsed;
        for (int key = 300_000; key < 2_000_000; key++)
        {
            Assert.True(TestKeys.Remove(index, key - 300_000));
            Assert.True(TestKeys.Put(index, key, 0));
        }

        Assert.Equal(300_000, index.Count);
        Assert.InRange(index.BytesUsed, before, before + before / 8);
    }

    [Fact]
    public void Inserts_go_on_in_overflow_blocks_when_buckets_may_not_grow()
    {
        using UnmanagedMemory memory = new(4 << 20);
        using HashIndex index = new(memory);
        Dictionary<int, int> model = [];
        while (!index.IsGrowthRefused)
        {
            int key = model.Count;
            Assert.True(TestKeys.Put(index, key, 1));
            model.Add(key, 1);
        }

        int keysWhenRefused = model.Count;
        long buckets = index.BucketCount;
        while (TestKeys.Put(index, model.Count, 1))
        {
            model.Add(model.Count, 1);
        }

        Assert.True(model.Count > keysWhenRefused + (256 << 10) / 16);
        Assert.Equal(buckets, index.BucketCount);
        Assert.True(index.RefusedSplits > 0);
        Assert.True(memory.UsedBytes <= memory.BudgetBytes);
        HashIndexTests.AssertSame(model, index);
    }

    [Fact]
    public void Growth_goes_on_when_memory_comes_back()
    {
        using UnmanagedMemory memory = new(8 << 20);
        MemoryBlock cache = memory.Allocate(MemoryCategory.Cache, 6 << 20);
        using HashIndex index = new(memory);
        int key = 0;
        while (!index.IsGrowthRefused)
        {
            Assert.True(TestKeys.Put(index, key++, 1));
        }

        long buckets = index.BucketCount;
        memory.Free(cache);
        for (int more = 0; more < 100_000; more++)
        {
            Assert.True(TestKeys.Put(index, key++, 1));
        }

        Assert.False(index.IsGrowthRefused);
        Assert.True(index.BucketCount > buckets);
        Assert.InRange(index.Count / index.BucketCount, 0, HashIndex.TargetLoad);
    }

    [Fact]
    public void An_index_that_does_not_fit_says_so_and_keeps_nothing()
    {
        using UnmanagedMemory memory = new(1 << 20);

        Assert.Throws<InsufficientMemoryException>(() => new HashIndex(memory, bucketBits: 16));
        Assert.Equal(0, memory.UsedBytes);
    }

    [Fact]
    public void A_disposed_index_has_given_everything_back()
    {
        using UnmanagedMemory memory = new(64 << 20);
        HashIndex index = new(memory);
        for (int key = 0; key < 100_000; key++)
        {
            Assert.True(TestKeys.Put(index, key, 1));
        }

        index.Dispose();

        Assert.Equal(0, memory.UsedBytes);
    }
}
