using HdrHistogram;

namespace FlashKV.Workloads.Workers;

/// <summary>A histogram of nanoseconds: three digits, up to ten minutes.</summary>
internal sealed class Latencies
{
    private const long Longest = 600_000_000_000;
    private const int Digits = 3;

    private readonly LongHistogram _histogram = new(Longest, Digits);

    /// <summary>Notes one.</summary>
    public void Add(double nanoseconds) =>
        _histogram.RecordValue(Math.Clamp((long)nanoseconds, 1, Longest));

    /// <summary>Forgets all.</summary>
    public void Clear() => _histogram.Reset();

    /// <summary>Takes over what another has.</summary>
    public void Add(Latencies other) => _histogram.Add(other._histogram);

    /// <summary>What it says.</summary>
    public LatencySummary Summarize() => _histogram.TotalCount == 0
        ? default
        : new LatencySummary(At(50), At(99), At(99.9), _histogram.GetMaxValue() / 1e3);

    private double At(double percentile) => _histogram.GetValueAtPercentile(percentile) / 1e3;
}
