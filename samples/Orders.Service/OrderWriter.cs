using System.Diagnostics;

namespace FlashKV.Samples.Orders;

/// <summary>Writes one order after the other, and notes how long the longest put took.</summary>
internal sealed class OrderWriter(FlashStore store, int first, int step)
{
    private readonly Random _random = new(first);
    private long _count;
    private long _longest;

    public void Run(CancellationToken stop)
    {
        Span<byte> key = stackalloc byte[Order.KeyBytes];
        Span<byte> value = stackalloc byte[Order.ValueBytes];
        for (long number = first; !stop.IsCancellationRequested; number += step)
        {
            new Order(
                number,
                _random.Next(100, 100_000),
                DateTime.UtcNow,
                _random.Next(Order.Cities.Count)).Write(key, value);
            long start = Stopwatch.GetTimestamp();
            store.Put(key, value);
            _longest = Math.Max(_longest, Stopwatch.GetTimestamp() - start);
            Interlocked.Increment(ref _count);
        }
    }

    /// <summary>The orders since the last call.</summary>
    public long TakeCount() => Interlocked.Exchange(ref _count, 0);

    /// <summary>The longest put since the last call.</summary>
    public TimeSpan TakeLongest() =>
        Stopwatch.GetElapsedTime(0, Interlocked.Exchange(ref _longest, 0));
}
