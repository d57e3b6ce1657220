using FlashKV.SimBackend.Driver;
using FsCheck;
using FsCheck.Fluent;

namespace FlashKV.SimBackend.Tests.Driver;

public sealed class ChunkAllocatorTests
{
    [Fact]
    public void Chunks_come_in_ascending_order_and_freed_ones_last()
    {
        ChunkAllocator chunks = new(130);
        for (int i = 0; i < 100; i++)
        {
            Assert.Equal(i, chunks.Allocate());
        }

        // The search goes on from the current word, and returns to lower ones at the end.
        Assert.True(chunks.TryFree(3));
        Assert.True(chunks.TryFree(70));
        Assert.Equal(70, chunks.Allocate());
        for (int i = 100; i < 130; i++)
        {
            Assert.Equal(i, chunks.Allocate());
        }

        Assert.Equal(3, chunks.Allocate());
        Assert.Equal(-1, chunks.Allocate());
        Assert.Equal(0, chunks.FreeCount);
    }

    [Fact]
    public void After_the_last_bit_of_a_word_the_search_moves_to_the_next()
    {
        ChunkAllocator chunks = new(128);
        for (int i = 0; i < 64; i++)
        {
            chunks.Allocate();
        }

        Assert.True(chunks.TryFree(10));
        Assert.Equal(64, chunks.Allocate());
    }

    [Fact]
    public void Spare_bits_of_the_last_word_are_never_given_out()
    {
        ChunkAllocator chunks = new(65);
        HashSet<int> given = [.. Enumerable.Range(0, 65).Select(_ => chunks.Allocate())];
        Assert.Equal(65, given.Count);
        Assert.Equal(-1, chunks.Allocate());
        Assert.False(chunks.TryFree(65));
    }

    [Fact]
    public void A_cloned_chunk_is_free_when_its_last_owner_frees_it()
    {
        ChunkAllocator chunks = new(1);
        Assert.False(chunks.TryClone(0));
        chunks.Allocate();
        for (int i = 0; i < 255; i++)
        {
            Assert.True(chunks.TryClone(0));
        }

        Assert.False(chunks.TryClone(0));
        for (int i = 0; i < 255; i++)
        {
            Assert.True(chunks.TryFree(0));
            Assert.Equal(0, chunks.FreeCount);
        }

        Assert.True(chunks.TryFree(0));
        Assert.Equal(1, chunks.FreeCount);
        Assert.False(chunks.TryFree(0));
    }

    [Fact]
    public void Random_calls_give_each_chunk_to_one_owner_and_repeat_exactly()
    {
        Prop.ForAll<int[]>(seeds =>
        {
            int[] first = Run(seeds);
            return first.SequenceEqual(Run(seeds));
        }).QuickCheckThrowOnFailure();
    }

    private static int[] Run(int[] steps)
    {
        ChunkAllocator chunks = new(70);
        List<int> owned = [];
        List<int> history = [];
        foreach (int step in steps.SelectMany(step => Enumerable.Range(step, 8)))
        {
            if (step % 3 != 0 || owned.Count == 0)
            {
                int chunk = chunks.Allocate();
                Assert.Equal(owned.Count == 70, chunk < 0);
                Assert.DoesNotContain(chunk, owned);
                history.Add(chunk);
                owned.AddRange(chunk < 0 ? [] : [chunk]);
            }
            else
            {
                int index = Math.Abs(step % owned.Count);
                Assert.True(chunks.TryFree(owned[index]));
                owned.RemoveAt(index);
            }

            Assert.Equal(70 - owned.Count, chunks.FreeCount);
        }

        return [.. history];
    }
}
