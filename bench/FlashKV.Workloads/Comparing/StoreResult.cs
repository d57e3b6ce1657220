namespace FlashKV.Workloads.Comparing;

/// <summary>
/// A store in one workload, as <c>--json</c> writes it; the names and the order of the fields are a
/// promise to programs. Latencies and costs are medians of the runs, the longest latency is that of
/// all runs.
/// </summary>
internal sealed record class StoreResult(
    string Verb,
    string Workload,
    string Store,
    string DurabilityClass,
    int Threads,
    long Keys,
    int ValueBytes,
    string Distribution,
    Rate OperationsPerSecond,
    double P50Microseconds,
    double P99Microseconds,
    double P999Microseconds,
    double MaxMicroseconds,
    double AllocatedBytesPerOperation,
    double CpuMicrosecondsPerOperation,
    double? RatioToCeiling);
