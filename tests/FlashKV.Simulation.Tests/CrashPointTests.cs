using FlashKV.Simulation.Crashes;

namespace FlashKV.Simulation.Tests;

public sealed class CrashPointTests
{
    private const int Seed = 1;

    // After one crash of so many the store goes on, and its opening is stopped as well. The long run
    // does that after every one.
    private const int WholeEvery = 8;

    // Twenty histories: 20,000 openings after a crash, each with what it left compared.
    private const int LeastOpenings = 1_000;

    public static TheoryData<string> Names =>
        [.. Histories.All.Select(static history => history.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void Nothing_acknowledged_is_lost_wherever_a_history_is_stopped(string history)
    {
        var explorer = new CrashExplorer(Seed, WholeEvery);

        explorer.Explore(Histories.Find(history), LeastOpenings);

        HistoryCount.Note(explorer.Counts.Openings);
        Assert.True(explorer.Counts.Openings >= LeastOpenings);
        Assert.True(explorer.Counts is { Kills: > 0, PowerCuts: > 0 });
    }

    // Of a batch one record was torn and those behind it were whole: salvage gave those.
    [Theory]
    [InlineData("a batch over segments")]
    [InlineData("batches over shards")]
    [InlineData("large batches")]
    public void Salvage_gives_a_batch_whole_or_not_at_all(string history)
    {
        const int Choices = 12;
        var explorer = new CrashExplorer(Seed);

        explorer.ExploreSalvage(Histories.Find(history), Choices);

        HistoryCount.Note(explorer.Counts.Openings);
        Assert.True(explorer.Counts.Openings > 0);
    }

    // Of a record over several blocks the first ones were lost and the last one kept, with a whole
    // record behind it: salvage finds that, opening does not look for it.
    [Fact]
    public void Salvage_may_keep_what_lies_behind_a_torn_record() =>
        new CrashExplorer(101).Explore(Histories.Find("staged writes"));
}
