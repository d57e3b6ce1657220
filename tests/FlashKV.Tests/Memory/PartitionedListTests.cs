using FlashKV.Memory;

namespace FlashKV.Tests.Memory;

public class PartitionedListTests
{
    [Theory]
    [InlineData(1, 1, 0)]
    [InlineData(3, 128 * 3, 1)] // full chunks
    [InlineData(7, 5_000, 2)]
    [InlineData(512, 300_000, 3)] // several blocks of memory
    public void Lists_hold_what_was_added_in_its_order(int partitions, int items, int seed)
    {
        using PartitionedList<(long, int)> lists = new(partitions);
        List<(long, int)>[] model =
            [.. Enumerable.Range(0, partitions).Select(_ => new List<(long, int)>())];
        Random random = new(seed);
        for (int i = 0; i < items; i++)
        {
            int partition = seed == 1 ? i % partitions : random.Next(partitions);
            (long, int) item = (i, random.Next());
            lists.Add(partition, item);
            model[partition].Add(item);
        }

        for (int partition = 0; partition < partitions; partition++)
        {
            (long, int)[] found = new (long, int)[lists.CountOf(partition)];
            lists.CopyTo(partition, found);
            Assert.Equal(model[partition], found);
        }
    }
}
