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

    // Of two keys with one hash a record was lost, and that the other key had a newer one was taken
    // for a newer version: the report did not have the lost key.
    [Theory]
    [InlineData(20_261_126)]
    [InlineData(777_001)]
    public void Salvage_names_a_lost_key_whose_hash_another_key_has(int seed) =>
        new DamageExplorer(seed).Explore(Histories.Find("equal hashes"), most: 100);
}
