using System.Diagnostics;
using FlashKV.SimBackend;

namespace FlashKV.Workloads.Resets;

/// <summary>Resets the adapter again and again.</summary>
internal sealed class ResetDisturbance(TimeSpan interval) : IDisturbance
{
    public long Count { get; private set; }

    /// <summary>How long the longest reset itself took.</summary>
    public TimeSpan Longest { get; private set; }

    public void Run(SimulatedAdapter adapter, TimeSpan duration)
    {
        using ManualResetEventSlim never = new();
        long start = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(start) < duration)
        {
            never.Wait(interval);
            long began = Stopwatch.GetTimestamp();
            adapter.Reset();
            TimeSpan taken = Stopwatch.GetElapsedTime(began);
            Longest = taken > Longest ? taken : Longest;
            Count++;
        }
    }
}
