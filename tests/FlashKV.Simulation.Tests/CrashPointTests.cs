using FlashKV.Simulation.Crashes;

namespace FlashKV.Simulation.Tests;

public sealed class CrashPointTests
{
    private const int Seed = 1;

    // Stopping an opening everywhere is most of the time; the long run does it at every crash.
    private const int OpeningsEvery = 8;

    public static TheoryData<string> Names =>
        [.. Histories.All.Select(static history => history.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void Nothing_acknowledged_is_lost_wherever_a_history_is_stopped(string history)
    {
        var explorer = new CrashExplorer(Seed, OpeningsEvery);

        explorer.Explore(Histories.Find(history));

        Assert.True(explorer.Counts is { Kills: > 0, PowerCuts: > 0 });
    }
}
