using FlashKV.Simulation.Crashes;

namespace FlashKV.Simulation.Tests;

public sealed class DamageTests
{
    private const int Seed = 1;
    private const int Blocks = 40;

    [Theory]
    [InlineData("seal")]
    [InlineData("compaction with batches")]
    [InlineData("records at the same places")]
    [InlineData("members without their commit record")]
    public void A_damaged_block_is_reported_and_neither_returned_nor_missed(string history)
    {
        var explorer = new DamageExplorer(Seed);

        explorer.Explore(Histories.Find(history), Blocks);

        HistoryCount.Note(explorer.Blocks);
        Assert.InRange(explorer.Reported, 1, explorer.Blocks);
    }
}
