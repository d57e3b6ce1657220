using FlashKV.Simulation.Episodes;
using FlashKV.Simulation.Machines;

namespace FlashKV.Simulation.Tests;

public sealed class SimulatorTests
{
    private const int Episodes = 120;

    [Fact]
    public void Episodes_of_clients_faults_and_crashes_keep_every_promise()
    {
        for (int seed = 1; seed <= Episodes; seed++)
        {
            Simulator.Run(seed);
        }

        HistoryCount.Note(Episodes);
    }

    // The model took what others wrote during a flush for flushed, and a power cut took it.
    [Fact]
    public void What_is_written_during_a_flush_is_not_promised_by_it() =>
        Simulator.Run(EpisodePlan.Draw(1_039, hasViews: false));

    [Theory]
    [InlineData(3)]
    [InlineData(8)]
    public void The_same_seed_is_the_same_run(int seed) =>
        Assert.Equal(Simulator.Run(seed), Simulator.Run(seed));

    [Fact]
    public void Different_seeds_are_different_runs() =>
        Assert.NotEqual(Simulator.Run(3), Simulator.Run(8));

    [Fact]
    public void A_failing_plan_is_shortened_to_the_steps_that_matter()
    {
        EpisodeStep[] steps = [.. Enumerable.Range(0, 40).Select(
            static i => new EpisodeStep((StepKind)(i % 10), i))];
        var plan = new EpisodePlan(1, new MachineOptions(), steps);

        EpisodePlan shrunk = Shrinker.Shrink(plan, static shorter =>
            shorter.Steps.Any(static step => step.Seed == 7)
            && shorter.Steps.Any(static step => step.Seed == 31));

        Assert.Equal([7, 31], shrunk.Steps.Select(static step => step.Seed));
    }
}
