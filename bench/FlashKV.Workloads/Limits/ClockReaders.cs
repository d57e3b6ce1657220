using System.Diagnostics;
using FlashKV.Workloads.Workers;

namespace FlashKV.Workloads.Limits;

/// <summary>
/// Threads that do nothing but read the clock, beside others that only compute. What lies between
/// two readings is the machine's: the turn of another thread, or of another machine on the host.
/// </summary>
/// <param name="readers">How many read.</param>
/// <param name="busy">How many compute beside them.</param>
/// <param name="seconds">How long.</param>
internal sealed class ClockReaders(int readers, int busy, double seconds)
{
    private const int TurnsPerLook = 1000;

    private readonly Lock _lock = new();
    private long _readings;

    /// <summary>The times between two readings, of all readers.</summary>
    public Latencies Gaps { get; } = new();

    /// <summary>Runs all of them.</summary>
    /// <returns>The readings.</returns>
    public long Run()
    {
        long end = Stopwatch.GetTimestamp() + (long)(seconds * Stopwatch.Frequency);
        Thread[] threads =
        [
            .. Enumerable.Range(0, readers).Select(_ => new Thread(() => Read(end))),
            .. Enumerable.Range(0, busy).Select(_ => new Thread(() => Compute(end))),
        ];
        Array.ForEach(threads, thread => thread.Start());
        Array.ForEach(threads, thread => thread.Join());
        return _readings;
    }

    private void Read(long end)
    {
        Latencies gaps = new();
        long readings = 0;
        long last = Stopwatch.GetTimestamp();
        while (last < end)
        {
            long now = Stopwatch.GetTimestamp();
            gaps.Add((now - last) * (1e9 / Stopwatch.Frequency));
            last = now;
            readings++;
        }

        lock (_lock)
        {
            Gaps.Add(gaps);
            _readings += readings;
        }
    }

    private static void Compute(long end)
    {
        do
        {
            Thread.SpinWait(TurnsPerLook);
        }
        while (Stopwatch.GetTimestamp() < end);
    }
}
