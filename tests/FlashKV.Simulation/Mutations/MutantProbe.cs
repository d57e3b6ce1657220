using FlashKV.Simulation.Crashes;

namespace FlashKV.Simulation.Mutations;

/// <summary>What is run against a store with a mistake in it.</summary>
internal static class MutantProbe
{
    /// <summary>Stands for the exploration of damaged blocks.</summary>
    public const string Damage = "damage";

    private const int DamagedBlocks = 400;

    /// <summary>Explores until something is found.</summary>
    /// <returns>What was found; null if nothing was.</returns>
    public static string? Run(string foundBy, int seed)
    {
        try
        {
            if (foundBy == Damage)
            {
                var explorer = new DamageExplorer(seed);
                explorer.Explore(
                    Histories.Find("members without their commit record"), DamagedBlocks);
                explorer.Explore(Histories.Find("records at the same places"), DamagedBlocks);
                explorer.Explore(Histories.Find("compaction with batches"), DamagedBlocks);
            }
            else
            {
                new CrashExplorer(seed).Explore(Histories.Find(foundBy));
            }

            return null;
        }
        catch (Exception exception)
        {
            return exception.Message;
        }
    }
}
