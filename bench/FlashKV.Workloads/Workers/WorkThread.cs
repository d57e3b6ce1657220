using System.Diagnostics;
using System.Runtime.CompilerServices;
using FlashKV.Workloads.Stores;

namespace FlashKV.Workloads.Workers;

/// <summary>What threads of a run have in common: their buffers, and when to stop.</summary>
/// <param name="setup">The records.</param>
/// <param name="seconds">How long to run, from when the thread has begun.</param>
internal abstract class WorkThread(StoreSetup setup, double seconds)
{
    /// <summary>Every so many operations the time is looked at.</summary>
    protected const int OperationsPerLook = 64;

    private long _deadline;

    public long Operations { get; protected set; }

    public long UserBytesWritten { get; protected set; }

    public Latencies Latencies { get; } = new();

    protected StoreSetup Setup => setup;

    protected byte[] Key { get; } = new byte[setup.KeyBytes];

    protected byte[] Value { get; } = MakeValue(setup.ValueBytes);

    protected byte[] Found { get; } = new byte[setup.ValueBytes];

    /// <summary>Runs all of it on a thread of its own each, and joins them.</summary>
    /// <exception cref="InvalidOperationException">One of them failed.</exception>
    public static void RunAll(IReadOnlyList<WorkThread> work, IStore store)
    {
        Exception? failure = null;
        Thread[] threads = [.. work.Select(one => new Thread(() =>
        {
            try
            {
                using IStoreSession session = store.OpenSession();
                one.Begin();
                one.Run(session);
            }
            catch (Exception e)
            {
                failure = e;
            }
        }))];
        Array.ForEach(threads, thread => thread.Start());
        Array.ForEach(threads, thread => thread.Join());
        if (failure is not null)
        {
            throw new InvalidOperationException($"A thread of the run failed: {failure}", failure);
        }
    }

    protected abstract void Run(IStoreSession session);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    protected bool IsOver(long now) => now >= _deadline;

    protected void Noted(long started, long ended) =>
        Latencies.Add((ended - started) * (1e9 / Stopwatch.Frequency));

    private void Begin() => _deadline = double.IsPositiveInfinity(seconds)
        ? long.MaxValue
        : Stopwatch.GetTimestamp() + (long)(seconds * Stopwatch.Frequency);

    private static byte[] MakeValue(int length)
    {
        byte[] value = new byte[length];
        Payload.WritePattern(value);
        return value;
    }
}
