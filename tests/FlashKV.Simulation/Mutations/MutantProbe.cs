using FlashKV.Simulation.Concurrency;
using FlashKV.Simulation.Crashes;
using FlashKV.Simulation.Episodes;
using FlashKV.Simulation.Orders;

namespace FlashKV.Simulation.Mutations;

/// <summary>What is run against a store with a mistake in it.</summary>
internal static class MutantProbe
{
    /// <summary>Stands for the exploration of damaged blocks.</summary>
    public const string Damage = "damage";

    /// <summary>Stands for threads that use a store at once.</summary>
    public const string Concurrency = "concurrency";

    /// <summary>Stands for writes that fail.</summary>
    public const string Faults = "faults";

    /// <summary>Stands for the checks of orders and of what is refused.</summary>
    public const string Orders = "orders";

    /// <summary>Stands for snapshots that are taken while threads write.</summary>
    public const string Snapshots = "snapshots";

    /// <summary>Stands for episodes.</summary>
    public const string Episodes = "episodes";

    private const int MostEpisodes = 2_000;
    private const int ConcurrentRounds = 40;
    private const int SnapshotsTaken = 2_000;
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
            else if (foundBy == Faults)
            {
                new FaultExplorer(0).Explore(Histories.Find("growth"));
            }
            else if (foundBy == Orders)
            {
                OrderChecks.All();
            }
            else if (foundBy == Concurrency)
            {
                ConcurrentRun.Run(seed, ConcurrentRounds);
            }
            else if (foundBy == Snapshots)
            {
                SnapshotRun.Run(SnapshotsTaken);
            }
            else if (foundBy == Episodes)
            {
                for (int i = 0; i < MostEpisodes; i++)
                {
                    Episode.Run(EpisodePlan.Draw(seed + i));
                }
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
