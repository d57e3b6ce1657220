using System.CommandLine;
using FlashKV.Workloads.Stores;
using FlashKV.Workloads.Workers;

namespace FlashKV.Workloads.Comparing;

/// <summary><c>load</c>: puts of new records into an empty store.</summary>
internal sealed class LoadCommand(IReadOnlyList<IStoreKind> kinds) : StoreCommand(
    "load",
    "Puts of new records into an empty store, beside other stores.",
    kinds,
    new StoreDefaults(5_000_000, 100, [2], 0))
{
    private const double ByFaster = 1;
    private const double ByRocksDb = 2;

    protected override void Run(ParseResult line, StoreContest contest)
    {
        contest.Report.Notes.Add("Each put was timed, which costs each store the same 30 ns.");
        foreach (int valueBytes in contest.ValueBytes)
        {
            foreach (int threads in contest.Threads)
            {
                List<StoreMeasurement> measurements = contest.CompareFresh(
                    contest.KindsOf(contest.Durability),
                    contest.CaseOf("load", threads, valueBytes),
                    entrant => entrant.Do(
                        new WorkerRequest(WorkerTask.Load) { Threads = threads }) with
                    {
                        BytesKept = entrant.BytesOnDisk(),
                    });
                contest.AddGoals(measurements, store => store switch
                {
                    "faster" => ByFaster,
                    "rocksdb" => ByRocksDb,
                    _ => null,
                });
            }
        }
    }
}
