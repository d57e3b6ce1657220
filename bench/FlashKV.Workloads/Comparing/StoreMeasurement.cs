using FlashKV.Workloads.Harness;
using FlashKV.Workloads.Stores;
using FlashKV.Workloads.Workers;

namespace FlashKV.Workloads.Comparing;

/// <summary>All runs of one store in one workload.</summary>
/// <param name="Case">The workload.</param>
/// <param name="Store">The store's name.</param>
/// <param name="Durability">Its class in these runs.</param>
internal sealed record class StoreMeasurement(
    WorkloadCase Case, string Store, DurabilityClass Durability)
{
    private readonly List<WorkerReply> _runs = [];

    public IReadOnlyList<WorkerReply> Runs => _runs;

    /// <summary>What limits the workload on this machine; null if nothing was measured.</summary>
    public StoreMeasurement? Ceiling { get; set; }

    public Rate Rate => new(
        _runs.Min(run => run.OperationsPerSecond),
        Median(run => run.OperationsPerSecond),
        _runs.Max(run => run.OperationsPerSecond));

    public double ProcessorMicroseconds =>
        Median(run => run.ProcessorSeconds * 1e6 / run.Operations);

    public double AllocatedBytes => Median(run => (double)run.AllocatedBytes / run.Operations);

    /// <summary>Bytes written to the medium per byte of key and value; 0 if none was.</summary>
    public double WrittenPerUserByte => Median(run =>
        run.UserBytesWritten == 0 ? 0 : (double)run.BytesWritten / run.UserBytesWritten);

    /// <summary>Bytes on disk per byte of the records of the load; 0 if nobody looked.</summary>
    public double KeptPerUserByte => Median(run => run.BytesKept)
        / Math.Max(1, Case.Keys * (Case.KeyBytes + Case.ValueBytes));

    public long PeakBytes => _runs.Max(run => run.PeakBytes);

    public LatencySummary Latency => new(
        Median(run => run.Latency.P50),
        Median(run => run.Latency.P99),
        Median(run => run.Latency.P999),
        _runs.Max(run => run.Latency.Max));

    /// <summary>The median of the rates, by that of the ceiling.</summary>
    public double? RatioToCeiling => Ceiling is { Runs.Count: > 0 } ? Against(Ceiling) : null;

    /// <summary>The median over the rounds of the ratio of the rates of this and another.</summary>
    public double Against(StoreMeasurement other) => Statistics.Median(_runs.Zip(
        other._runs, (ours, theirs) => ours.OperationsPerSecond / theirs.OperationsPerSecond));

    public void Add(WorkerReply run) => _runs.Add(run);

    public StoreResult ToResult(string verb) => new(
        verb,
        Case.Workload,
        Store,
        DurabilityClassNames.Of(Durability),
        Case.Threads,
        Case.Keys,
        Case.ValueBytes,
        Case.Distribution,
        Rate,
        Latency.P50,
        Latency.P99,
        Latency.P999,
        Latency.Max,
        AllocatedBytes,
        ProcessorMicroseconds,
        RatioToCeiling);

    private double Median(Func<WorkerReply, double> of) => Statistics.Median(_runs.Select(of));
}
