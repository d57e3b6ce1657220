using System.CommandLine;
using FlashKV.Workloads.Harness;
using FlashKV.Workloads.Limits;
using FlashKV.Workloads.Stores;
using FlashKV.Workloads.Workers;

namespace FlashKV.Workloads.Comparing;

/// <summary><c>durable</c>: puts that survive a power cut, by few and by many writers.</summary>
internal sealed class DurableCommand(IReadOnlyList<IStoreKind> kinds) : StoreCommand(
    "durable",
    "Puts of new records that survive a power cut, beside other stores and bare writes.",
    kinds,
    new StoreDefaults(1_000_000, 100, [1, 8, 64], 3))
{
    private const double OneWriterByCeiling = 0.9;
    private const double ManyByBestPeer = 2;

    protected override void Run(ParseResult line, StoreContest contest)
    {
        StoreMeasurement? ceiling = DirectFile.IsSupported
            ? new MachineLimits(contest).MeasureDurableWrites()
            : null;
        foreach (int valueBytes in contest.ValueBytes)
        {
            List<StoreEntrant> entrants = [];
            try
            {
                entrants.AddRange(contest
                    .KindsOf(DurabilityClass.PowerCut, DurabilityClass.PowerCut)
                    .Select(kind => contest.Enter(kind, DurabilityClass.PowerCut, valueBytes)));
                foreach (int threads in contest.Threads)
                {
                    Compare(contest, entrants, valueBytes, threads, ceiling);
                }
            }
            finally
            {
                entrants.ForEach(entrant => entrant.Dispose());
            }
        }
    }

    private static void Compare(
        StoreContest contest,
        List<StoreEntrant> entrants,
        int valueBytes,
        int threads,
        StoreMeasurement? ceiling)
    {
        List<StoreMeasurement> measurements = contest.Compare(
            entrants,
            contest.CaseOf("durable puts", threads, valueBytes),
            new WorkerRequest(WorkerTask.Run)
            {
                Mix = "insert",
                Threads = threads,
                TimedSeconds = contest.Seconds,
            });
        measurements.ForEach(one => one.Ceiling = ceiling);
        StoreMeasurement? ours = measurements.Find(one => one.Store == FlashKvKind.StoreName);
        StoreMeasurement? best = measurements.Where(one => one != ours)
            .MaxBy(one => one.Rate.Median);
        if (threads == 1 && ours?.RatioToCeiling is { } ratio)
        {
            contest.Report.Goals.Add(Goal.AtLeast(
                $"{ours.Case}: by the ceiling", ratio, OneWriterByCeiling, "times"));
        }
        else if (threads > 1 && ours is not null && best is not null)
        {
            contest.Report.Goals.Add(Goal.AtLeast(
                $"{ours.Case}: by {best.Store}, the best",
                ours.Against(best),
                ManyByBestPeer,
                "times"));
        }
    }
}
