using System.CommandLine;
using FlashKV.Workloads.Harness;
using FlashKV.Workloads.Limits;
using FlashKV.Workloads.Stores;
using FlashKV.Workloads.Workers;

namespace FlashKV.Workloads.Comparing;

/// <summary>
/// <c>tail</c>: the longest operation in minutes of YCSB A, long enough for compaction to be always
/// at work. Each store runs once, all of its operations timed.
/// </summary>
internal sealed class TailCommand : StoreCommand
{
    private const double LongestMicroseconds = 10_000;
    private const double MostKept = 1.3;
    private const int Loaders = 2;
    private const double LongestLook = 10;

    private readonly Option<double> _minutes = new("--minutes")
    {
        Description = "How long each store runs.",
        DefaultValueFactory = _ => 10,
    };

    public TailCommand(IReadOnlyList<IStoreKind> kinds)
        : base(
            "tail",
            "The longest operation in minutes of YCSB A with compaction, beside other stores.",
            kinds,
            new StoreDefaults(2_000_000, 100, [2], 0)) => Options.Add(_minutes);

    protected override void Run(ParseResult line, StoreContest contest)
    {
        double seconds = contest.Report.IsQuick ? 1 : line.GetValue(_minutes) * 60;
        foreach (int threads in contest.Threads)
        {
            new MachineLimits(contest).MeasureGaps(threads, Math.Min(seconds, LongestLook));
        }

        foreach (int valueBytes in contest.ValueBytes)
        {
            foreach (int threads in contest.Threads)
            {
                Run(contest, valueBytes, threads, seconds);
            }
        }
    }

    private static void Run(StoreContest contest, int valueBytes, int threads, double seconds)
    {
        List<StoreMeasurement> measurements = contest.CompareFresh(
            contest.KindsOf(contest.Durability),
            contest.CaseOf($"A for {seconds:N0} s", threads, valueBytes),
            entrant =>
            {
                entrant.Do(new WorkerRequest(WorkerTask.Load) { Threads = Loaders });
                WorkerRequest request = new(WorkerTask.Run)
                {
                    Mix = "A",
                    Threads = threads,
                    TimedSeconds = seconds,
                };
                return entrant.Do(request) with { BytesKept = entrant.BytesOnDisk() };
            },
            rounds: 1);
        if (measurements.Find(one => one.Store == FlashKvKind.StoreName) is { } ours)
        {
            contest.Report.Goals.Add(Goal.AtMost(
                $"{ours.Case}: longest operation", ours.Latency.Max, LongestMicroseconds, "us"));
            contest.Report.Goals.Add(Goal.AtMost(
                $"{ours.Case}: bytes on disk per live byte", ours.KeptPerUserByte, MostKept, "B"));
        }
    }
}
