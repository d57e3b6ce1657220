using System.CommandLine;
using FlashKV.Workloads.Harness;
using FlashKV.Workloads.Stores;
using FlashKV.Workloads.Workers;

namespace FlashKV.Workloads.Comparing;

/// <summary>
/// <c>reopen</c>: how long it takes to open a store again, after its process was killed and after
/// it was closed. Then every record is read and compared.
/// </summary>
internal sealed class ReopenCommand(IReadOnlyList<IStoreKind> kinds) : StoreCommand(
    "reopen",
    "Opening again after SIGKILL and after closing; all records are read afterwards.",
    kinds,
    new StoreDefaults(5_000_000, 100, [2], 0))
{
    private const double ByBestPeer = 4;

    protected override void Run(ParseResult line, StoreContest contest)
    {
        contest.Report.Notes.Add(
            "Rates are records of the store per second of opening; p50 is the time to open. "
            + "Stores that lose records with the process take no part.");
        foreach (int valueBytes in contest.ValueBytes)
        {
            Reopen(contest, valueBytes, "reopen after SIGKILL", isKilled: true);
            Reopen(contest, valueBytes, "reopen after close", isKilled: false);
        }
    }

    private static void Reopen(StoreContest contest, int valueBytes, string name, bool isKilled)
    {
        List<StoreMeasurement> measurements = contest.CompareFresh(
            contest.KindsOf(contest.Durability, DurabilityClass.KilledProcess),
            contest.CaseOf(name, 1, valueBytes),
            entrant => Reopen(entrant, contest.Threads[0], isKilled));
        StoreMeasurement? ours = measurements.Find(one => one.Store == FlashKvKind.StoreName);
        StoreMeasurement? best = measurements.Where(one => one != ours)
            .MaxBy(one => one.Rate.Median);
        if (isKilled && ours is not null && best is not null)
        {
            contest.Report.Goals.Add(Goal.AtLeast(
                $"{ours.Case}: by {best.Store}, the best",
                ours.Against(best),
                ByBestPeer,
                "times"));
        }
    }

    private static WorkerReply Reopen(StoreEntrant entrant, int threads, bool isKilled)
    {
        entrant.Do(new WorkerRequest(WorkerTask.Load) { Threads = threads });
        entrant.Stop(isKilled);
        entrant.Start();
        WorkerReply opening = entrant.Process.Opening;
        double microseconds = opening.Seconds * 1e6;
        entrant.Do(new WorkerRequest(WorkerTask.Verify) { Threads = threads });
        return opening with
        {
            Operations = entrant.Setup.Keys,
            Latency = new LatencySummary(microseconds, microseconds, microseconds, microseconds),
        };
    }
}
