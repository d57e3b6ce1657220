using System.Diagnostics;

namespace FlashKV.SimBackend;

/// <summary>
/// A medium behind which another one is, and on which everything takes longer by a fixed time: each
/// transfer, and each batch of transfers that the adapter hands over together.
/// </summary>
/// <remarks>It does not dispose of the other one.</remarks>
public sealed class DelayedMedium : Medium
{
    private readonly Medium _inner;
    private readonly TimeSpan _latency;

    /// <summary>Wraps a medium.</summary>
    /// <param name="inner">The medium.</param>
    /// <param name="latency">The time, not negative.</param>
    /// <exception cref="ArgumentOutOfRangeException">The time is negative.</exception>
    public DelayedMedium(Medium inner, TimeSpan latency)
        : base((inner ?? throw new ArgumentNullException(nameof(inner))).BlockCount)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(latency, TimeSpan.Zero);
        _inner = inner;
        _latency = latency;
    }

    /// <inheritdoc/>
    internal override void Execute(
        Span<MediumTransfer> transfers, ReadOnlySpan<MemoryRun> runs)
    {
        Delay();
        _inner.Execute(transfers, runs);
    }

    /// <inheritdoc/>
    protected override MediumStatus ReadCore(long block, ReadOnlySpan<MemoryRun> runs)
    {
        Delay();
        return _inner.Read(block, runs);
    }

    /// <inheritdoc/>
    protected override MediumStatus WriteCore(
        long block, ReadOnlySpan<MemoryRun> runs, bool forceUnitAccess)
    {
        Delay();
        return _inner.Write(block, runs, forceUnitAccess);
    }

    /// <inheritdoc/>
    protected override MediumStatus DiscardCore(long block, long blockCount)
    {
        Delay();
        return _inner.Discard(block, blockCount);
    }

    /// <inheritdoc/>
    protected override MediumStatus FlushCore()
    {
        Delay();
        return _inner.Flush();
    }

    // The clock of the system sleeps by milliseconds; the rest is yielded away.
    private void Delay()
    {
        long start = Stopwatch.GetTimestamp();
        using ManualResetEventSlim never = new();
        int whole = (int)_latency.TotalMilliseconds;
        if (whole > 1)
        {
            never.Wait(whole - 1);
        }

        while (Stopwatch.GetElapsedTime(start) < _latency)
        {
            Thread.Yield();
        }
    }
}
