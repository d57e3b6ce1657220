namespace FlashKV.Workloads.Workers;

/// <summary>Of the latencies of a run, in microseconds.</summary>
internal readonly record struct LatencySummary(double P50, double P99, double P999, double Max);
