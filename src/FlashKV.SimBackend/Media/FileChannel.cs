namespace FlashKV.SimBackend;

/// <summary>
/// How a <see cref="FileMedium"/> reaches its file: the one place where a way of doing file I/O is
/// chosen. A channel that can have many transfers in flight overrides <see cref="Execute"/>.
/// </summary>
/// <remarks>Ranges are inside the file. Any number of threads may use a channel at once.</remarks>
internal abstract class FileChannel : IDisposable
{
    /// <summary>Whether transfers bypass the page cache.</summary>
    internal abstract bool IsDirect { get; }

    /// <summary>Whether <see cref="TakeQueue"/> can give a queue.</summary>
    internal virtual bool HasQueues => false;

    /// <summary>Reads at a byte offset.</summary>
    internal abstract MediumStatus Read(long offset, ReadOnlySpan<MemoryRun> runs);

    /// <summary>Writes at a byte offset.</summary>
    internal abstract MediumStatus Write(
        long offset, ReadOnlySpan<MemoryRun> runs, bool forceUnitAccess);

    /// <summary>Frees the range; it reads as zeros afterwards.</summary>
    internal abstract MediumStatus Discard(long offset, long bytes);

    /// <summary>Brings everything to stable storage.</summary>
    internal abstract MediumStatus Flush();

    /// <summary>Executes a batch of transfers that touch no block twice.</summary>
    internal virtual void Execute(Span<MediumTransfer> transfers, ReadOnlySpan<MemoryRun> runs)
    {
        foreach (ref MediumTransfer transfer in transfers)
        {
            transfer.Status = ExecuteOne(in transfer, runs);
        }
    }

    /// <summary>See <see cref="Medium.TakeQueue"/>.</summary>
    internal virtual TransferQueue? TakeQueue() => null;

    /// <summary>See <see cref="Medium.ReturnQueue"/>.</summary>
    internal virtual void ReturnQueue(TransferQueue queue) =>
        throw new NotSupportedException("No queue was taken from this channel.");

    public abstract void Dispose();

    /// <summary>Executes one transfer of a batch.</summary>
    protected MediumStatus ExecuteOne(
        in MediumTransfer transfer, ReadOnlySpan<MemoryRun> runs)
    {
        long offset = transfer.Block * Medium.BlockBytes;
        ReadOnlySpan<MemoryRun> part = runs.Slice(transfer.FirstRun, transfer.RunCount);
        return transfer.Operation switch
        {
            MediumOperation.Read => Read(offset, part),
            MediumOperation.Write => Write(offset, part, forceUnitAccess: false),
            MediumOperation.WriteThrough => Write(offset, part, forceUnitAccess: true),
            _ => Discard(offset, transfer.BlockCount * Medium.BlockBytes),
        };
    }
}
