namespace FlashKV.Simulation.Episodes;

/// <summary>Leaves steps out of a plan that fails, as long as it still does.</summary>
internal static class Shrinker
{
    private const int MaxRuns = 400;

    /// <summary>Gives a shorter plan that fails.</summary>
    public static EpisodePlan Shrink(EpisodePlan plan, Func<EpisodePlan, bool> fails)
    {
        int runs = 0;
        for (int length = plan.Steps.Count / 2; length > 0; length /= 2)
        {
            for (int first = 0; first < plan.Steps.Count && runs < MaxRuns; runs++)
            {
                EpisodePlan shorter = plan with
                {
                    Steps = [.. plan.Steps.Take(first), .. plan.Steps.Skip(first + length)],
                };
                if (fails(shorter))
                {
                    plan = shorter;
                }
                else
                {
                    first += length;
                }
            }
        }

        return plan;
    }
}
