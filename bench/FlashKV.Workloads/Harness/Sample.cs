using System.Diagnostics;

namespace FlashKV.Workloads.Harness;

/// <summary>One run of a measurement.</summary>
/// <param name="Operations">What was done in it, counted.</param>
/// <param name="Seconds">How long it took.</param>
/// <param name="ProcessorSeconds">Processor time of all threads of the process that did it.</param>
/// <param name="AllocatedBytes">Managed memory allocated meanwhile by this process.</param>
internal readonly record struct Sample(
    long Operations, double Seconds, double ProcessorSeconds, long AllocatedBytes)
{
    public double OperationsPerSecond => Operations / Seconds;

    public double NanosecondsPerOperation => Seconds * 1e9 / Operations;

    public double ProcessorMicrosecondsPerOperation => ProcessorSeconds * 1e6 / Operations;

    public double AllocatedBytesPerOperation => (double)AllocatedBytes / Operations;

    /// <summary>Measures work of this process.</summary>
    public static Sample Of(long operations, Action work) => Of(() =>
    {
        work();
        return operations;
    });

    /// <summary>Measures work of this process that counts its operations itself.</summary>
    public static Sample Of(Func<long> work)
    {
        TimeSpan processor = Environment.CpuUsage.TotalTime;
        long allocated = GC.GetTotalAllocatedBytes(precise: true);
        long start = Stopwatch.GetTimestamp();
        long operations = work();
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        allocated = GC.GetTotalAllocatedBytes(precise: true) - allocated;
        processor = Environment.CpuUsage.TotalTime - processor;
        return new Sample(operations, seconds, processor.TotalSeconds, allocated);
    }
}
