using System.CommandLine;
using FlashKV.Workloads.Harness;
using FlashKV.Workloads.Stores;
using FlashKV.Workloads.Workers;

namespace FlashKV.Workloads.Comparing;

/// <summary>
/// <c>getmany</c>: many keys at once, beside single gets and beside the limit of independent
/// misses.
/// </summary>
internal sealed class GetManyCommand : StoreCommand
{
    private const double BySingleGets = 6;
    private const double ByCeiling = 0.5;

    private readonly Option<int> _batch = new("--batch")
    {
        Description = "Keys of a call.",
        DefaultValueFactory = _ => 64,
    };

    public GetManyCommand(IReadOnlyList<IStoreKind> kinds)
        : base(
            "getmany",
            "Many keys at once, data in memory, beside single gets and the machine's limit.",
            kinds,
            new StoreDefaults(10_000_000, 100, [1], 2)) => Options.Add(_batch);

    protected override void Run(ParseResult line, StoreContest contest)
    {
        int batch = line.GetValue(_batch);
        foreach (int valueBytes in contest.ValueBytes)
        {
            List<StoreEntrant> entrants = contest.EnterLoaded(valueBytes, hasCeiling: true);
            try
            {
                foreach (int threads in contest.Threads)
                {
                    List<StoreMeasurement> many =
                        Compare(contest, entrants, $"get many, {batch} at once", threads, batch);
                    AddGoals(
                        contest.Report, many, Compare(contest, entrants, "get", threads, batch: 0));
                }
            }
            finally
            {
                entrants.ForEach(entrant => entrant.Dispose());
            }
        }
    }

    private static void AddGoals(
        StoreReport report, List<StoreMeasurement> many, List<StoreMeasurement> single)
    {
        StoreMeasurement? ours = many.Find(one => one.Store == FlashKvKind.StoreName);
        StoreMeasurement? faster = single.Find(one => one.Store == "faster");
        if (ours is not null && faster is not null)
        {
            report.Goals.Add(Goal.AtLeast(
                $"{ours.Case}: by single gets of faster",
                ours.Against(faster),
                BySingleGets,
                "times"));
        }

        if (ours?.RatioToCeiling is { } ratio)
        {
            report.Goals.Add(
                Goal.AtLeast($"{ours.Case}: by the ceiling", ratio, ByCeiling, "times"));
        }
    }

    private static List<StoreMeasurement> Compare(
        StoreContest contest, List<StoreEntrant> entrants, string name, int threads, int batch) =>
        contest.Compare(
            entrants,
            contest.CaseOf(name, threads, entrants[0].Setup.ValueBytes),
            new WorkerRequest(batch == 0 ? WorkerTask.Run : WorkerTask.GetMany)
            {
                Threads = threads,
                BatchKeys = batch,
                Seconds = contest.Seconds,
                TimedSeconds = contest.Seconds / 2,
            });
}
