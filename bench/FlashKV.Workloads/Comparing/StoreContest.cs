using FlashKV.Workloads.Harness;
using FlashKV.Workloads.Stores;
using FlashKV.Workloads.Workers;

namespace FlashKV.Workloads.Comparing;

/// <summary>Stores, each in a process of its own, that run in turn.</summary>
internal sealed class StoreContest(
    StoreReport report, DirectoryInfo root, IReadOnlyList<IStoreKind> kinds, string[] stores)
{
    private const int MostWarmUps = 6;
    private const double WarmUpGain = 1.1;

    public StoreReport Report => report;

    public required DurabilityClass Durability { get; init; }

    public required long Keys { get; init; }

    public required int[] ValueBytes { get; init; }

    public required int KeyBytes { get; init; }

    public required int[] Threads { get; init; }

    public required double Seconds { get; init; }

    public required int Rounds { get; init; }

    /// <summary>The directory that goes when all is over.</summary>
    public string Root => root.FullName;

    /// <summary>The stores that were asked for and can run here.</summary>
    public IReadOnlyList<IStoreKind> Kinds => field ??= Able();

    /// <summary>The kind of a store.</summary>
    /// <exception cref="ArgumentException">There is none of that name here.</exception>
    public IStoreKind KindOf(string name) => kinds.FirstOrDefault(kind => kind.Name == name)
        ?? throw new ArgumentException(
            $"--stores: {name} is none of {string.Join(", ", kinds.Select(kind => kind.Name))}. "
            + "Other stores are in the program FlashKV.Peers.");

    /// <summary>The class in which a store runs here; null if it has none so weak.</summary>
    public DurabilityClass? ClassOf(IStoreKind kind, DurabilityClass wanted)
    {
        DurabilityClass[] possible = [.. kind.Classes.Where(one => one <= wanted)];
        return possible.Length != 0 ? possible.Max() : null;
    }

    /// <summary>The stores that have a class of at least this and at most that.</summary>
    public List<IStoreKind> KindsOf(
        DurabilityClass most, DurabilityClass least = DurabilityClass.MemoryOnly) =>
        [.. Kinds.Where(kind => ClassOf(kind, most) >= least)];

    /// <summary>A workload of this contest.</summary>
    public WorkloadCase CaseOf(
        string name, int threads, int valueBytes, string distribution = WorkloadCase.Uniform) =>
        new(name, threads, Keys, valueBytes, distribution) { KeyBytes = KeyBytes };

    /// <summary>Opens a store in a fresh directory of its own.</summary>
    public StoreEntrant Enter(
        IStoreKind kind, DurabilityClass durability, int valueBytes, long memory = 0)
    {
        DirectoryInfo directory = root.CreateSubdirectory($"{kind.Name}-{valueBytes}");
        StoreSetup setup =
            new(directory.FullName, durability, Keys, KeyBytes, valueBytes, memory);
        StoreEntrant entrant = new(kind.Name, setup);
        entrant.Start();
        report.Settings[$"{kind.Name}, {DurabilityClassNames.Of(durability)}, {valueBytes} B"] =
            entrant.Process.Opening.Settings;
        return entrant;
    }

    /// <summary>Opens and loads all stores, and the ceiling for what is in memory.</summary>
    public List<StoreEntrant> EnterLoaded(int valueBytes, bool hasCeiling)
    {
        List<StoreEntrant> entrants = [];
        IEnumerable<IStoreKind> all =
            hasCeiling ? [.. Kinds, KindOf(BareKind.CeilingName)] : Kinds;
        foreach (IStoreKind kind in all.Distinct())
        {
            if (ClassOf(kind, Durability) is { } durability)
            {
                StoreEntrant entrant = Enter(kind, durability, valueBytes);
                entrants.Add(entrant);
                entrant.Do(new WorkerRequest(WorkerTask.Load) { Threads = 2 });
                entrant.Do(new WorkerRequest(WorkerTask.Settle));
            }
        }

        return entrants;
    }

    /// <summary>Runs the same of all in turn, every second round backwards.</summary>
    /// <param name="entrants">The stores.</param>
    /// <param name="workload">What it is called.</param>
    /// <param name="request">What to do; a round's number becomes the seed.</param>
    public List<StoreMeasurement> Compare(
        IReadOnlyList<IEntrant> entrants, WorkloadCase workload, WorkerRequest request)
    {
        (IEntrant Entrant, StoreMeasurement Measurement)[] pairs =
        [
            .. entrants.Select(entrant => (
                entrant, new StoreMeasurement(workload, entrant.Name, entrant.Durability))),
        ];
        if (Rounds > 1)
        {
            Array.ForEach(pairs, pair => WarmUp(pair.Entrant, request));
        }

        for (int round = 0; round < Rounds; round++)
        {
            foreach ((IEntrant entrant, StoreMeasurement measurement) in
                round % 2 == 0 ? pairs : pairs.Reverse())
            {
                measurement.Add(entrant.Do(request with { Seed = round + 2 }));
            }
        }

        return Reported([.. pairs.Select(pair => pair.Measurement)]);
    }

    /// <summary>Runs the same of all in turn, each time in a store that was just made.</summary>
    /// <param name="all">The stores.</param>
    /// <param name="workload">What it is called.</param>
    /// <param name="run">What to do with a store.</param>
    /// <param name="rounds">How often; as often as asked for if 0.</param>
    public List<StoreMeasurement> CompareFresh(
        List<IStoreKind> all,
        WorkloadCase workload,
        Func<StoreEntrant, WorkerReply> run,
        int rounds = 0)
    {
        (IStoreKind Kind, StoreMeasurement Measurement)[] pairs =
        [
            .. all.Select(kind => (kind, new StoreMeasurement(
                workload, kind.Name, ClassOf(kind, Durability)!.Value))),
        ];
        for (int round = 0; round < (rounds == 0 ? Rounds : rounds); round++)
        {
            foreach ((IStoreKind kind, StoreMeasurement measurement) in
                round % 2 == 0 ? pairs : pairs.Reverse())
            {
                using StoreEntrant entrant =
                    Enter(kind, measurement.Durability, workload.ValueBytes);
                measurement.Add(run(entrant));
                entrant.Dispose();
                Directory.Delete(entrant.Setup.Directory, recursive: true);
            }
        }

        return Reported([.. pairs.Select(pair => pair.Measurement)]);
    }

    /// <summary>
    /// Holds this store against each other store of the same or a weaker class, which promises
    /// less.
    /// </summary>
    /// <param name="measurements">Of one workload.</param>
    /// <param name="limit">
    /// How many times the rate of a store ours should have; null for no goal.
    /// </param>
    public void AddGoals(List<StoreMeasurement> measurements, Func<string, double?> limit)
    {
        StoreMeasurement? ours = measurements.Find(one => one.Store == FlashKvKind.StoreName);
        foreach (StoreMeasurement theirs in measurements)
        {
            if (ours is not null && theirs != ours && theirs.Durability <= ours.Durability
                && limit(theirs.Store) is { } times)
            {
                string less = theirs.Durability < ours.Durability ? ", which promises less" : "";
                report.Goals.Add(Goal.AtLeast(
                    $"{ours.Case}: by {theirs.Store}{less}", ours.Against(theirs), times, "times"));
            }
        }
    }

    private List<IStoreKind> Able()
    {
        List<IStoreKind> able = [];
        foreach (IStoreKind kind in stores.Select(KindOf))
        {
            if (kind.Obstacle is { } obstacle)
            {
                report.Notes.Add($"{kind.Name} cannot run on this machine: {obstacle}");
            }
            else
            {
                able.Add(kind);
            }
        }

        return able;
    }

    /// <summary>Runs until it gets no faster: caches are warm, and code is compiled well.</summary>
    private static void WarmUp(IEntrant entrant, WorkerRequest request)
    {
        double last = 0;
        for (int run = 0; run < MostWarmUps; run++)
        {
            double rate = entrant.Do(request).OperationsPerSecond;
            if (rate < last * WarmUpGain)
            {
                return;
            }

            last = rate;
        }
    }

    private List<StoreMeasurement> Reported(List<StoreMeasurement> measurements)
    {
        StoreMeasurement? ceiling =
            measurements.Find(measurement => measurement.Store == BareKind.CeilingName);
        measurements.ForEach(measurement =>
            measurement.Ceiling = measurement == ceiling ? null : ceiling);
        report.Measurements.AddRange(measurements);
        return measurements;
    }
}
