using FlashKV.Simulation.Machines;

namespace FlashKV.Simulation.Episodes;

/// <summary>What an episode does: all of it follows from a seed.</summary>
/// <param name="Seed">The seed.</param>
/// <param name="Options">The machine.</param>
/// <param name="Steps">The steps.</param>
internal sealed record EpisodePlan(
    int Seed, MachineOptions Options, IReadOnlyList<EpisodeStep> Steps)
{
    private const int LeastSteps = 15;
    private const int MostSteps = 50;

    // Prepared slots and a few segments; some machines are soon full.
    private const int FewBlocks = 1_200;

    private static readonly (StepKind Kind, int Weight)[] s_weights =
    [
        (StepKind.PutStaged, 24), (StepKind.PutDurable, 8), (StepKind.Delete, 8),
        (StepKind.DeleteDurable, 3), (StepKind.Batch, 10), (StepKind.BatchDurable, 4),
        (StepKind.Get, 6), (StepKind.GetMany, 3), (StepKind.CheckAll, 1), (StepKind.Flush, 3),
        (StepKind.AdvanceFlush, 6), (StepKind.Work, 6), (StepKind.Prepare, 1),
        (StepKind.Seal, 6), (StepKind.Compact, 4), (StepKind.ScanBegin, 2),
        (StepKind.ScanStep, 4), (StepKind.Verify, 1), (StepKind.Reset, 2),
        (StepKind.CommandFaults, 4), (StepKind.DiskFaults, 2), (StepKind.ReadFaults, 3),
        (StepKind.Link, 2), (StepKind.Nested, 6),
        (StepKind.Close, 1), (StepKind.Kill, 3), (StepKind.PowerCut, 3),
        (StepKind.SnapshotTake, 4), (StepKind.SnapshotRead, 8), (StepKind.SnapshotDrop, 2),
        (StepKind.CloneTake, 4), (StepKind.CloneRead, 8), (StepKind.CloneLetGo, 1),
        (StepKind.CloneDrop, 1), (StepKind.BackupMake, 5), (StepKind.BackupRestore, 2),
        (StepKind.BackupPrune, 1),
    ];

    /// <summary>Draws a plan.</summary>
    /// <param name="seed">The seed.</param>
    /// <param name="hasViews">
    /// Whether snapshots, clones and backups are taken; they are the last kinds.
    /// </param>
    public static EpisodePlan Draw(int seed, bool hasViews = true)
    {
        var random = new Random(seed);
        var options = new MachineOptions
        {
            Shards = 1 << random.Next(2),
            HashMask = random.Next(4) == 0 ? 0x8000_0000_0000_0001 : ulong.MaxValue,
            SpaceLimitBlocks = random.Next(5) == 0 ? FewBlocks : long.MaxValue,
            StoreSeed = random.Next(1_000),
        };
        int total = s_weights
            .Where(weight => hasViews || weight.Kind < StepKind.SnapshotTake)
            .Sum(static weight => weight.Weight);
        EpisodeStep[] steps = new EpisodeStep[random.Next(LeastSteps, MostSteps)];
        for (int i = 0; i < steps.Length; i++)
        {
            steps[i] = new EpisodeStep(Pick(random.Next(total)), random.Next());
        }

        return new EpisodePlan(seed, options, steps);
    }

    private static StepKind Pick(int drawn)
    {
        foreach ((StepKind kind, int weight) in s_weights)
        {
            drawn -= weight;
            if (drawn < 0)
            {
                return kind;
            }
        }

        return StepKind.Get;
    }
}
