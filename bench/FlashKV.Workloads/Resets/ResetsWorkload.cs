using System.Globalization;
using FlashKV.SimBackend;
using FlashKV.Superpipe;
using FlashKV.Workloads.Harness;

namespace FlashKV.Workloads.Resets;

/// <summary>
/// Threads write and read back their own blocks of one virtual LUN, as fast as they can and checking
/// each block, on memory and on a file: undisturbed; with a reset of the adapter every 100
/// milliseconds; and with one command in a thousand failing in each way that is worth another
/// try. No caller may see an error.
/// </summary>
internal sealed class ResetsWorkload(Report report, string? directory)
{
    private const double MaxBump = 20;

    private static readonly TimeSpan s_interval = TimeSpan.FromMilliseconds(100);

    private long _unexplainedRetries;
    private readonly TimeSpan _duration = TimeSpan.FromSeconds(report.IsQuick ? 2 : 60);

    public void Run()
    {
        report.Settings["load"] = $"{LoadRig.ThreadCount} threads on one context, batches of "
            + $"{LoadThread.BatchBlocks} blocks written and read back, every block compared";
        report.Settings["each run"] = $"{_duration.TotalSeconds:N0} s";
        RunOn("memory", new MemoryMedium(LoadRig.BlockCount));

        string home = directory ?? Directory.CreateTempSubdirectory("flashkv-resets-").FullName;
        string file = Path.Combine(home, $"resets-{Environment.ProcessId}.medium");
        try
        {
            report.Settings["file system"] = MachineDescription.FileSystemOf(home);
            RunOn("file", FileMedium.Open(file, LoadRig.BlockCount));
        }
        finally
        {
            File.Delete(file);
            if (directory is null)
            {
                Directory.Delete(home);
            }
        }
    }

    private void RunOn(string name, Medium medium)
    {
        using (medium)
        {
            LoadResult undisturbed = Measure($"{name}, undisturbed", medium, new NoDisturbance());
            ResetDisturbance resets = new(s_interval);
            LoadResult reset = Measure($"{name}, a reset every 100 ms", medium, resets);
            report.Goals.Add(Goal.AtMost(
                $"{name}: longest transfer beyond the longest reset itself",
                (reset.Longest - resets.Longest).TotalMilliseconds,
                MaxBump,
                "ms"));
            report.Notes.Add(string.Create(
                CultureInfo.InvariantCulture,
                $"{name}: longest transfer under resets less the longest undisturbed: "
                + $"{(reset.Longest - undisturbed.Longest).TotalMilliseconds:N2} ms"));
            FaultDisturbance faults = new(seed: 1);
            Measure($"{name}, 1 command in 1,000 fails", medium, faults);
            report.Notes.Add($"{name}: struck by {string.Join(", ", faults.Parts)}");
            report.Goals.Add(Goal.AtMost(
                $"{name}: failures that struck and were not answered by one retry",
                _unexplainedRetries,
                0,
                "retries"));
        }
    }

    private LoadResult Measure(string name, Medium medium, IDisturbance disturbance)
    {
        using LoadRig rig = new(medium);
        LoadResult result = default;
        Measurement measurement = new(name, () =>
        {
            result = rig.Run(_duration, disturbance);
            return result.Sample;
        });
        measurement.Run();
        report.Measurements.Add(measurement);
        _unexplainedRetries = disturbance is FaultDisturbance faults
            ? Enum.GetValues<RetryReason>()
                .Sum(reason => Math.Abs(rig.CountRetries(reason) - faults.CountOf(reason)))
            : 0;
        report.Notes.Add(Describe(name, result, rig.Statistics));
        string retries = string.Join(", ", Enum.GetValues<RetryReason>()
            .Select(reason => (reason, Count: rig.CountRetries(reason)))
            .Where(retry => retry.Count != 0)
            .Select(retry => $"{retry.reason} {retry.Count:N0}"));
        if (retries.Length != 0)
        {
            report.Notes.Add($"{name}: sent again for {retries}");
        }

        return result;
    }

    private static string Describe(string name, LoadResult result, ContextStatistics statistics) =>
        string.Create(
            CultureInfo.InvariantCulture,
            $"{name}: transfers of {LoadThread.BatchBlocks} blocks took "
            + $"{result.Latencies.P50 / 1e3:N2} ms (p50), "
            + $"{result.Latencies.P99 / 1e3:N2} (p99), "
            + $"{result.Latencies.P999 / 1e3:N2} (p99.9), "
            + $"{result.Longest.TotalMilliseconds:N2} (longest); "
            + $"{result.Disturbances:N0} disturbances, {statistics.Recoveries:N0} recoveries in "
            + $"{statistics.RecoveryTime.TotalMilliseconds:N0} ms, {statistics.Reissued:N0} "
            + $"commands sent again by them, {statistics.Retries:N0} retries, "
            + $"{statistics.ContextResets:N0} context resets, {statistics.Failures:N0} failures");
}
