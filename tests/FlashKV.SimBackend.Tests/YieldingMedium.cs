namespace FlashKV.SimBackend.Tests;

/// <summary>
/// A memory medium on which everything takes long enough for others to come between.
/// </summary>
internal sealed class YieldingMedium(long blockCount) : Medium(blockCount)
{
    private const int Yields = 20;

    private readonly MemoryMedium _inner = new(blockCount);

    protected override MediumStatus ReadCore(long block, ReadOnlySpan<MemoryRun> runs)
    {
        Linger();
        return _inner.Read(block, runs);
    }

    protected override MediumStatus WriteCore(
        long block, ReadOnlySpan<MemoryRun> runs, bool forceUnitAccess)
    {
        Linger();
        return _inner.Write(block, runs, forceUnitAccess);
    }

    protected override MediumStatus DiscardCore(long block, long blockCount)
    {
        Linger();
        return _inner.Discard(block, blockCount);
    }

    protected override MediumStatus FlushCore() => _inner.Flush();

    protected override void Dispose(bool disposing)
    {
        _inner.Dispose();
        base.Dispose(disposing);
    }

    private static void Linger()
    {
        for (int i = 0; i < Yields; i++)
        {
            Thread.Yield();
        }
    }
}
