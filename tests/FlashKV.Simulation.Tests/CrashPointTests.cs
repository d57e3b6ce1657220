using FlashKV.Simulation.Crashes;

namespace FlashKV.Simulation.Tests;

public sealed class CrashPointTests
{
    private const int Seed = 1;

    // After one crash of so many the store goes on, and its opening is stopped as well. The long run
    // does that after every one.
    private const int WholeEvery = 8;

    public static TheoryData<string> Names =>
        [.. Histories.All.Select(static history => history.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void Nothing_acknowledged_is_lost_wherever_a_history_is_stopped(string history)
    {
        var explorer = new CrashExplorer(Seed, WholeEvery);

        explorer.Explore(Histories.Find(history));

        Assert.True(explorer.Counts is { Kills: > 0, PowerCuts: > 0 });
    }
}
