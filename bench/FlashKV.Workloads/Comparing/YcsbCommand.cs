using System.CommandLine;
using FlashKV.Workloads.Stores;
using FlashKV.Workloads.Workers;

namespace FlashKV.Workloads.Comparing;

/// <summary><c>ycsb</c>: the mixes of YCSB, and a few more, on data in memory.</summary>
internal sealed class YcsbCommand : StoreCommand
{
    private const double InMemoryUniform = 2;
    private const double InMemoryZipfian = 1.5;
    private const double WritesByFaster = 1.3;
    private const double WritesByRocksDb = 8;

    private readonly Option<string[]> _workloads = List(
        "--workloads", $"Of {string.Join(", ", Mix.All.Select(mix => mix.Name))}.", "W,…");

    private readonly Option<string[]> _distributions = List(
        "--distributions", "How records are chosen: uniform, zipfian (0.99).", "D,…");

    public YcsbCommand(IReadOnlyList<IStoreKind> kinds)
        : base(
            "ycsb",
            "YCSB A to F and more, data in memory, beside other stores.",
            kinds,
            new StoreDefaults(5_000_000, 100, [1, 2], 2))
    {
        _workloads.DefaultValueFactory = _ => ["C", "B", "A", "F", "D", "E"];
        _distributions.DefaultValueFactory = _ => [WorkloadCase.Uniform, WorkloadCase.Zipfian];
        Options.Add(_workloads);
        Options.Add(_distributions);
    }

    protected override void Run(ParseResult line, StoreContest contest)
    {
        string[] distributions = line.GetValue(_distributions)!;
        if (contest.Report.IsQuick)
        {
            distributions = distributions[^1..];
        }

        List<Mix> mixes = [.. line.GetValue(_workloads)!.Select(Mix.Named)];
        foreach (int valueBytes in contest.ValueBytes)
        {
            List<StoreEntrant> entrants =
                contest.EnterLoaded(valueBytes, mixes.Exists(mix => mix.HasCeiling));
            try
            {
                mixes.ForEach(mix => Array.ForEach(distributions, distribution =>
                    Run(contest, entrants, mix, distribution, valueBytes)));
            }
            finally
            {
                entrants.ForEach(entrant => entrant.Dispose());
            }
        }
    }

    private static void Run(
        StoreContest contest,
        List<StoreEntrant> entrants,
        Mix mix,
        string distribution,
        int valueBytes)
    {
        if (mix.IsLatest && distribution == WorkloadCase.Uniform)
        {
            return; // The latest are read by their age: there is nothing uniform about it.
        }

        foreach (int threads in contest.Threads)
        {
            List<StoreEntrant> able = entrants.FindAll(entrant => CanRun(entrant, mix, threads));
            WorkloadCase workload = contest.CaseOf(mix.Name, threads, valueBytes, distribution);
            List<StoreMeasurement> measurements = contest.Compare(
                able,
                workload,
                new WorkerRequest(WorkerTask.Run)
                {
                    Mix = mix.Name,
                    Threads = threads,
                    IsZipfian = distribution == WorkloadCase.Zipfian,
                    Seconds = contest.Seconds,
                    TimedSeconds = contest.Seconds / 2,
                });
            contest.AddGoals(measurements, store => GoalAgainst(store, mix, distribution));
        }
    }

    private static double? GoalAgainst(string store, Mix mix, string distribution) =>
        (store, mix.Name) switch
        {
            ("faster" or "tsavorite", "C") =>
                distribution == WorkloadCase.Uniform ? InMemoryUniform : InMemoryZipfian,
            ("faster", "A" or "B" or "F") => WritesByFaster,
            ("rocksdb", "A" or "B" or "F") => WritesByRocksDb,
            _ => null,
        };

    /// <summary>Bare memory has no guard: others must not write what one reads.</summary>
    private static bool CanRun(StoreEntrant entrant, Mix mix, int threads) =>
        entrant.Name == BareKind.CeilingName
            ? mix.HasCeiling && (threads == 1 || mix.Reads == 100)
            : !mix.NeedsOrder || entrant.Process.Opening.IsOrdered;
}
