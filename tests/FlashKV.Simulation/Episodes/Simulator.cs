using FlashKV.Simulation.Model;

namespace FlashKV.Simulation.Episodes;

/// <summary>Runs episodes by their seeds.</summary>
internal static class Simulator
{
    /// <summary>Runs the episode of a seed.</summary>
    /// <returns>The hash of all that happened.</returns>
    /// <exception cref="ModelException">
    /// It failed; the message has the seed and a shortened list of steps.
    /// </exception>
    public static ulong Run(int seed) => Run(EpisodePlan.Draw(seed));

    /// <summary>Runs a plan.</summary>
    /// <returns>The hash of all that happened.</returns>
    /// <exception cref="ModelException">As of <see cref="Run(int)"/>.</exception>
    public static ulong Run(EpisodePlan plan)
    {
        try
        {
            return Episode.Run(plan);
        }
        catch (Exception)
        {
            throw Explain(Shrinker.Shrink(plan, static shorter => Failure(shorter) is not null));
        }
    }

    private static ModelException Explain(EpisodePlan plan)
    {
        Exception? failure = Failure(plan);
        string steps = string.Join(",\n  ", plan.Steps);
        return new ModelException(
            $"Seed {plan.Seed} fails on {plan.Options} with the steps\n  {steps}\n{failure}",
            failure);
    }

    private static Exception? Failure(EpisodePlan plan)
    {
        try
        {
            Episode.Run(plan);
            return null;
        }
        catch (Exception exception)
        {
            return exception;
        }
    }
}
