using FlashKV.Superpipe.Commands;
using FlashKV.Superpipe.Scheduling;

namespace FlashKV.Superpipe;

public class FreeBlocksModelTests
{
    [Theory]
    [InlineData(2, 1, int.MaxValue)]
    [InlineData(2, 2, 4)]
    [InlineData(3, 1, 2)]
    public void No_block_has_two_owners_and_none_is_lost(
        int threads, int rounds, int delays)
    {
        int schedules = Scheduler.Explore(
            () =>
            {
                FreeBlocks free = new(16, 1);
                ulong owned = 0;
                return new Scenario(
                    [.. Enumerable.Repeat(Body, threads)],
                    () =>
                    {
                        Assert.Equal(0ul, owned);
                        Assert.Equal(16, free.Count);
                    });

                void Body()
                {
                    for (int i = 0; i < rounds; i++)
                    {
                        // Two thirds of the blocks, so that claims meet.
                        if (!free.TryClaim(10, 0, out _, out ulong mask))
                            continue;
                        Assert.Equal(0ul, owned & mask);
                        owned |= mask;
                        Scheduler.Point();
                        owned &= ~mask;
                        free.Free(0, mask);
                    }
                }
            },
            delays);
        Assert.InRange(schedules, 20, Scheduler.MostSchedules);
    }
}
