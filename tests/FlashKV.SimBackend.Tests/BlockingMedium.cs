namespace FlashKV.SimBackend.Tests;

/// <summary>A memory medium whose next transfer waits until it is let go.</summary>
internal sealed class BlockingMedium(long blockCount) : Medium(blockCount)
{
    private const int TimeoutMilliseconds = 20_000;

    private readonly MemoryMedium _inner = new(blockCount);
    private readonly ManualResetEventSlim _blocked = new();
    private readonly ManualResetEventSlim _release = new();
    private int _blockNext;

    /// <summary>What a transfer does first, in the thread that drives the AFU.</summary>
    internal Action? OnTransfer { get; set; }

    internal void Block() => Volatile.Write(ref _blockNext, 1);

    internal bool WaitUntilBlocked() => _blocked.Wait(TimeoutMilliseconds);

    internal void Unblock() => _release.Set();

    protected override MediumStatus ReadCore(long block, ReadOnlySpan<MemoryRun> runs)
    {
        Enter();
        return _inner.Read(block, runs);
    }

    protected override MediumStatus WriteCore(
        long block, ReadOnlySpan<MemoryRun> runs, bool forceUnitAccess)
    {
        Enter();
        return _inner.Write(block, runs, forceUnitAccess);
    }

    protected override MediumStatus DiscardCore(long block, long blockCount)
    {
        Enter();
        return _inner.Discard(block, blockCount);
    }

    protected override MediumStatus FlushCore() => _inner.Flush();

    protected override void Dispose(bool disposing)
    {
        _release.Set();
        _inner.Dispose();
        base.Dispose(disposing);
    }

    private void Enter()
    {
        OnTransfer?.Invoke();
        if (Interlocked.Exchange(ref _blockNext, 0) != 0)
        {
            _blocked.Set();
            Assert.True(_release.Wait(TimeoutMilliseconds));
        }
    }
}
