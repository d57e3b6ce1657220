using System.CommandLine;
using FlashKV.Workloads.Device;
using FlashKV.Workloads.Harness;
using FlashKV.Workloads.Limits;
using FlashKV.Workloads.Stores;
using FlashKV.Workloads.Workers;

namespace FlashKV.Workloads.Comparing;

/// <summary><c>coldget</c>: gets from data that is far larger than the memory.</summary>
internal sealed class ColdGetCommand : StoreCommand
{
    private const long MemoryBytes = 64 << 20;
    private const double ByFio = 0.94;
    private const double MostMicroseconds = 5;
    private const int Loaders = 2;

    private readonly Option<int> _inFlight = new("--in-flight")
    {
        Description = "Gets under way at once, beside one.",
        DefaultValueFactory = _ => 32,
    };

    public ColdGetCommand(IReadOnlyList<IStoreKind> kinds)
        : base(
            "coldget",
            "Uniform gets with 64 MiB of memory for 1 GiB of data, beside other stores and fio.",
            kinds,
            new StoreDefaults(4_000_000, 256, [1], 3) { QuickKeys = 300_000 }) =>
        Options.Add(_inFlight);

    protected override void Run(ParseResult line, StoreContest contest)
    {
        int inFlight = line.GetValue(_inFlight);
        contest.Report.Notes.Add(
            "FlashKV, RocksDB and fio read past the page cache. The others' files lie in it, which "
            + "is memory beyond the 64 MiB, unless the machine has little.");
        foreach (int valueBytes in contest.ValueBytes)
        {
            List<StoreEntrant> stores = [];
            try
            {
                stores.AddRange(contest.KindsOf(contest.Durability).Select(kind =>
                    Enter(contest, kind, valueBytes)));
                List<IEntrant> all = [.. stores, .. Ceiling(contest, stores)];
                Compare(contest, all, "get, 1 in flight", threads: 1, batch: 0);
                Compare(contest, all, $"get many, {inFlight} in flight", threads: 1, inFlight);
                Compare(contest, all, $"get, {inFlight} threads", inFlight, batch: 0);
            }
            finally
            {
                stores.ForEach(store => store.Dispose());
            }
        }
    }

    private static StoreEntrant Enter(StoreContest contest, IStoreKind kind, int valueBytes)
    {
        StoreEntrant entrant = contest.Enter(
            kind, contest.ClassOf(kind, contest.Durability)!.Value, valueBytes, MemoryBytes);
        entrant.Do(new WorkerRequest(WorkerTask.Load) { Threads = Loaders });
        entrant.Do(new WorkerRequest(WorkerTask.Settle));
        return entrant;
    }

    /// <summary>fio on a file as large as the largest store; nothing where there is none.</summary>
    private static IEnumerable<IEntrant> Ceiling(StoreContest contest, List<StoreEntrant> stores)
    {
        const long Mebibyte = 1 << 20;
        string path = Path.Combine(contest.Root, "fio");
        if (!DirectFile.IsSupported || Fio.Find(path) is not { } fio)
        {
            contest.Report.Notes.Add("fio was not found, so nothing is said about its rate.");
            return [];
        }

        long bytes = (stores.Max(store => store.BytesOnDisk()) + Mebibyte) / Mebibyte * Mebibyte;
        DirectFile.OpenFilled(path, bytes, isSynchronous: false).Dispose();
        contest.Report.Settings["fio"] =
            $"{fio.Version}, {Fio.Options}, blocks of 4 KiB of a file of {bytes / Mebibyte} MiB";
        return [new FioEntrant(fio, bytes)];
    }

    private static void Compare(
        StoreContest contest, List<IEntrant> entrants, string name, int threads, int batch)
    {
        List<StoreMeasurement> measurements = contest.Compare(
            entrants,
            contest.CaseOf(name, threads, contest.ValueBytes[0]),
            new WorkerRequest(batch == 0 ? WorkerTask.Run : WorkerTask.GetMany)
            {
                Threads = threads,
                BatchKeys = batch,
                Seconds = contest.Seconds,
                TimedSeconds = contest.Seconds / 2,
            });
        StoreMeasurement? ours = measurements.Find(one => one.Store == FlashKvKind.StoreName);
        if (ours?.RatioToCeiling is { } ratio)
        {
            contest.Report.Goals.Add(Goal.AtLeast($"{ours.Case}: by fio", ratio, ByFio, "times"));
        }

        if (ours is not null)
        {
            contest.Report.Goals.Add(Goal.AtMost(
                $"{ours.Case}: processor time of a get",
                ours.ProcessorMicroseconds,
                MostMicroseconds,
                "us"));
        }
    }
}
