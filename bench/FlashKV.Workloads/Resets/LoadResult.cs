using FlashKV.Workloads.Harness;
using FlashKV.Workloads.Workers;

namespace FlashKV.Workloads.Resets;

/// <summary>What came of a run of the load.</summary>
/// <param name="Sample">Blocks transferred, and what they took.</param>
/// <param name="Longest">The longest transfer of all threads.</param>
/// <param name="Latencies">How long they took.</param>
/// <param name="Disturbances">How often the load was disturbed.</param>
internal readonly record struct LoadResult(
    Sample Sample, TimeSpan Longest, LatencySummary Latencies, long Disturbances);
