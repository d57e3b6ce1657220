using System.Diagnostics;

namespace FlashKV.Cli.Demo;

/// <summary>
/// Threads that put the records of a table, each its own share, most of them buffered and some
/// durable, and that cause something at chosen moments in the middle of it.
/// </summary>
internal sealed class ParallelWriters(
    IReadOnlyList<KeyValuePair<byte[], byte[]>> records, CancellationToken stop)
{
    /// <summary>How many threads write.</summary>
    public const int Threads = 4;

    private const int DurableOneOf = 64;

    private readonly Lock _longestLock = new();
    private int _written;

    /// <summary>The longest time that a put took.</summary>
    public TimeSpan Longest { get; private set; }

    /// <summary>
    /// Puts all records, and calls <paramref name="disturb"/> <paramref name="disturbances"/> times
    /// from the midst of the threads, evenly spread.
    /// </summary>
    /// <exception cref="CheckFailedException">A put failed.</exception>
    public void Run(FlashStore store, int disturbances, Action disturb)
    {
        int distance = records.Count / (disturbances + 1);
        Task[] writers = Enumerable.Range(0, Threads).Select(share => Task.Factory.StartNew(
            () => Write(store, share, distance, disturbances, disturb),
            CancellationToken.None,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default)).ToArray();
        try
        {
            Task.WhenAll(writers).GetAwaiter().GetResult();
        }
        catch (IOException failure)
        {
            throw new CheckFailedException(
                $"no caller gets an error when the adapter is reset ({failure.Message})");
        }
    }

    private void Write(
        FlashStore store, int share, int distance, int disturbances, Action disturb)
    {
        TimeSpan longest = TimeSpan.Zero;
        for (int index = share; index < records.Count; index += Threads)
        {
            stop.ThrowIfCancellationRequested();
            int written = Interlocked.Increment(ref _written);
            if (written % distance == 0 && written / distance <= disturbances)
            {
                disturb();
            }

            bool durable = index / Threads % DurableOneOf == 0;
            long started = Stopwatch.GetTimestamp();
            store.Put(
                records[index].Key,
                records[index].Value,
                durable ? Durability.Durable : Durability.Buffered);
            TimeSpan elapsed = Stopwatch.GetElapsedTime(started);
            longest = elapsed > longest ? elapsed : longest;
        }

        lock (_longestLock)
        {
            Longest = longest > Longest ? longest : Longest;
        }
    }
}
