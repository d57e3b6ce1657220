namespace FlashKV.SimBackend;

/// <summary>
/// Where a LUN of the simulated adapter keeps its bytes: a fixed number of 4,096-byte blocks which
/// read as zeros until they are written.
/// </summary>
/// <remarks>
/// <para>
/// Any number of threads may transfer at once. A block that is read and written at the same time
/// may be read as a mixture; two writes of one block at the same time leave either or a mixture.
/// </para>
/// <para>
/// Outcomes are statuses, not exceptions: a transfer fails on the device, not in the program.
/// What has been written is on stable storage after a write with force unit access or after
/// <see cref="Flush"/>; until then a loss of power may drop, keep or tear each block of it.
/// </para>
/// <para>
/// A medium must not be disposed of while a transfer is running. An adapter does not dispose of
/// its media, so that they can outlive it.
/// </para>
/// </remarks>
public abstract class Medium : IDisposable
{
    /// <summary>The size of a block in bytes.</summary>
    public const int BlockBytes = 4096;

    /// <summary>The largest number of blocks of a medium (the bytes still fit a long).</summary>
    public const long MaxBlockCount = long.MaxValue / BlockBytes;

    /// <summary>Makes a medium.</summary>
    /// <param name="blockCount">The capacity in blocks, 1 to <see cref="MaxBlockCount"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException">The capacity is out of range.</exception>
    protected Medium(long blockCount)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(blockCount, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(blockCount, MaxBlockCount);
        BlockCount = blockCount;
    }

    /// <summary>The capacity in blocks of 4,096 bytes.</summary>
    public long BlockCount { get; }

    /// <summary>
    /// Whether one transfer of two neighbouring blocks is cheaper than two transfers.
    /// </summary>
    internal virtual bool GainsByMerging => true;

    /// <summary>
    /// Whether transfers can be left under way, in queues of <see cref="TakeQueue"/>.
    /// </summary>
    internal virtual bool HasQueues => false;

    /// <summary>Reads a contiguous range of blocks into a list of memory runs.</summary>
    /// <param name="block">The first block.</param>
    /// <param name="runs">The memory, filled in order; its blocks add up to the range.</param>
    /// <returns>How the transfer ended.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The range leaves the medium.</exception>
    public MediumStatus Read(long block, ReadOnlySpan<MemoryRun> runs)
    {
        CheckRange(block, TotalBlocks(runs));
        return ReadCore(block, runs);
    }

    /// <summary>Writes a list of memory runs to a contiguous range of blocks.</summary>
    /// <param name="block">The first block.</param>
    /// <param name="runs">The memory, written in order; its blocks add up to the range.</param>
    /// <param name="forceUnitAccess">
    /// Whether the blocks must be on stable storage when the method returns.
    /// </param>
    /// <returns>How the transfer ended.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The range leaves the medium.</exception>
    public MediumStatus Write(long block, ReadOnlySpan<MemoryRun> runs, bool forceUnitAccess)
    {
        CheckRange(block, TotalBlocks(runs));
        return WriteCore(block, runs, forceUnitAccess);
    }

    /// <summary>Gives blocks back to the medium. They read as zeros afterwards.</summary>
    /// <param name="block">The first block.</param>
    /// <param name="blockCount">The number of blocks; 0 does nothing.</param>
    /// <returns>How the operation ended.</returns>
    /// <exception cref="ArgumentOutOfRangeException">The range leaves the medium.</exception>
    public MediumStatus Discard(long block, long blockCount)
    {
        CheckRange(block, blockCount);
        return blockCount == 0 ? MediumStatus.Good : DiscardCore(block, blockCount);
    }

    /// <summary>
    /// Brings every write that has ended before the call, and every discard, to stable storage.
    /// </summary>
    /// <returns>How the operation ended.</returns>
    public MediumStatus Flush() => FlushCore();

    /// <summary>Gives the medium's resources back. A file's content stays.</summary>
    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Executes a batch of transfers that touch no block twice, in any order.</summary>
    /// <param name="transfers">The transfers; each status is written.</param>
    /// <param name="runs">The memory runs that the transfers refer to.</param>
    /// <remarks>
    /// This is where a medium that can have many transfers in flight takes them together. Ranges
    /// have been checked by the caller.
    /// </remarks>
    internal virtual void Execute(Span<MediumTransfer> transfers, ReadOnlySpan<MemoryRun> runs)
    {
        foreach (ref MediumTransfer transfer in transfers)
        {
            transfer.Status = ExecuteOne(in transfer, runs);
        }
    }

    /// <summary>Executes one transfer of a batch.</summary>
    private protected MediumStatus ExecuteOne(
        in MediumTransfer transfer, ReadOnlySpan<MemoryRun> runs)
    {
        ReadOnlySpan<MemoryRun> part = runs.Slice(transfer.FirstRun, transfer.RunCount);
        return transfer.Operation switch
        {
            MediumOperation.Read => ReadCore(transfer.Block, part),
            MediumOperation.Write => WriteCore(transfer.Block, part, forceUnitAccess: false),
            MediumOperation.WriteThrough => WriteCore(transfer.Block, part, true),
            _ => DiscardCore(transfer.Block, transfer.BlockCount),
        };
    }

    /// <summary>Hears that a block is about to be read; may begin to bring it nearer.</summary>
    /// <param name="block">The block, which has been checked.</param>
    internal virtual void Expect(long block)
    {
    }

    /// <summary>Lends a queue; the caller is its only user until it is returned.</summary>
    /// <returns><see langword="null"/> when there is none now.</returns>
    internal virtual TransferQueue? TakeQueue() => null;

    /// <summary>Takes a queue back in which nothing is under way.</summary>
    internal virtual void ReturnQueue(TransferQueue queue) =>
        throw new NotSupportedException("No queue was taken from this medium.");

    /// <summary>Reads; the range is inside the medium.</summary>
    /// <param name="block">The first block.</param>
    /// <param name="runs">The memory.</param>
    /// <returns>How the transfer ended.</returns>
    protected abstract MediumStatus ReadCore(long block, ReadOnlySpan<MemoryRun> runs);

    /// <summary>Writes; the range is inside the medium.</summary>
    /// <param name="block">The first block.</param>
    /// <param name="runs">The memory.</param>
    /// <param name="forceUnitAccess">Whether to write through to stable storage.</param>
    /// <returns>How the transfer ended.</returns>
    protected abstract MediumStatus WriteCore(
        long block, ReadOnlySpan<MemoryRun> runs, bool forceUnitAccess);

    /// <summary>Discards; the range is inside the medium and not empty.</summary>
    /// <param name="block">The first block.</param>
    /// <param name="blockCount">The number of blocks.</param>
    /// <returns>How the operation ended.</returns>
    protected abstract MediumStatus DiscardCore(long block, long blockCount);

    /// <summary>Flushes.</summary>
    /// <returns>How the operation ended.</returns>
    protected abstract MediumStatus FlushCore();

    /// <summary>Gives resources back.</summary>
    /// <param name="disposing">Whether <see cref="Dispose()"/> called it.</param>
    protected virtual void Dispose(bool disposing)
    {
    }

    /// <summary>The number of blocks of a list of runs.</summary>
    /// <param name="runs">The runs.</param>
    /// <returns>The sum of their lengths in blocks.</returns>
    internal static long TotalBlocks(ReadOnlySpan<MemoryRun> runs)
    {
        long total = 0;
        foreach (ref readonly MemoryRun run in runs)
        {
            total += run.BlockCount;
        }

        return total;
    }

    private void CheckRange(long block, long blockCount)
    {
        if (block < 0 || blockCount < 0 || blockCount > BlockCount - block)
        {
            Throw(block, blockCount, BlockCount);
        }

        static void Throw(long block, long blockCount, long capacity) =>
            throw new ArgumentOutOfRangeException(
                nameof(block),
                $"Blocks {block} to {block + blockCount - 1} leave a medium of {capacity} blocks.");
    }
}
