using System.Text.Json.Serialization;

namespace FlashKV.Workloads.Harness;

/// <summary>All runs of one thing that was measured.</summary>
internal sealed class Measurement(string name, Func<Sample> run)
{
    private readonly List<Sample> _runs = [];

    public string Name => name;

    public IReadOnlyList<Sample> Runs => _runs;

    public double OperationsPerSecond => Median(run => run.OperationsPerSecond);

    public double NanosecondsPerOperation => Median(run => run.NanosecondsPerOperation);

    public double ProcessorMicrosecondsPerOperation =>
        Median(run => run.ProcessorMicrosecondsPerOperation);

    public double AllocatedBytesPerOperation => Median(run => run.AllocatedBytesPerOperation);

    /// <summary>The range of the rates: how much the machine let them differ.</summary>
    [JsonIgnore]
    public double Spread =>
        _runs.Max(run => run.OperationsPerSecond) / _runs.Min(run => run.OperationsPerSecond);

    /// <summary>
    /// The median over the rounds of what a run of this and the run beside it make together.
    /// </summary>
    /// <param name="other">A measurement of the same comparison.</param>
    /// <param name="combine">Such as the difference or the ratio.</param>
    public double Against(Measurement other, Func<Sample, Sample, double> combine) =>
        Statistics.Median(_runs.Zip(other._runs, combine));

    /// <summary>Runs it once without counting it.</summary>
    internal void WarmUp() => run();

    /// <summary>Runs it once.</summary>
    internal void Run() => _runs.Add(run());

    private double Median(Func<Sample, double> of) => Statistics.Median(_runs.Select(of));
}
