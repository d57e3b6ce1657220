using Microsoft.Win32.SafeHandles;

namespace FlashKV.SimBackend;

/// <summary>
/// Direct file I/O by io_uring: batches have all their transfers under way at once. A transfer by
/// itself, and whatever a ring does not take, goes by ordinary calls.
/// </summary>
/// <remarks>
/// Queues are lent to whoever has transfers to start, one thread at a time each, and come back when
/// nothing is under way in them. At most <see cref="KeptQueues"/> are kept.
/// </remarks>
internal sealed class UringFileChannel : FileChannel
{
    /// <summary>The most queues that are kept.</summary>
    internal const int KeptQueues = 16;

    private const int EndsAtOnce = 64;

    private readonly SafeFileHandle _file;
    private readonly UringKernel _kernel;
    private readonly LinuxFileChannel _calls;
    private readonly UringTransferQueue?[] _free = new UringTransferQueue?[KeptQueues];

    private UringFileChannel(
        SafeFileHandle file, UringKernel kernel, UringTransferQueue first)
    {
        _file = file;
        _kernel = kernel;
        _calls = new LinuxFileChannel(file, direct: true);
        _free[0] = first;
    }

    internal override bool IsDirect => true;

    internal override bool HasQueues => true;

    /// <summary>Makes the channel.</summary>
    /// <param name="file">The file, open for direct I/O; the channel's if it is made.</param>
    /// <param name="kernel">Who is asked.</param>
    /// <returns><see langword="null"/> where the system refuses io_uring.</returns>
    internal static UringFileChannel? TryCreate(SafeFileHandle file, UringKernel kernel)
    {
        UringTransferQueue? queue = UringTransferQueue.TryCreate(file, kernel);
        return queue is null ? null : new UringFileChannel(file, kernel, queue);
    }

    internal override MediumStatus Read(long offset, ReadOnlySpan<MemoryRun> runs) =>
        _calls.Read(offset, runs);

    internal override MediumStatus Write(
        long offset, ReadOnlySpan<MemoryRun> runs, bool forceUnitAccess) =>
        _calls.Write(offset, runs, forceUnitAccess);

    internal override MediumStatus Discard(long offset, long bytes) =>
        _calls.Discard(offset, bytes);

    internal override MediumStatus Flush() => _calls.Flush();

    internal override void Execute(Span<MediumTransfer> transfers, ReadOnlySpan<MemoryRun> runs)
    {
        TransferQueue? queue = transfers.Length > 1 ? TakeQueue() : null;
        if (queue is null)
        {
            base.Execute(transfers, runs);
            return;
        }

        int next = 0;
        while (next < transfers.Length || queue.Count > 0)
        {
            next = Start(queue, transfers, runs, next);
            Collect(queue, transfers, runs);
        }

        ReturnQueue(queue);
    }

    internal override TransferQueue? TakeQueue()
    {
        for (int i = 0; i < KeptQueues; i++)
        {
            if (Volatile.Read(ref _free[i]) is not null)
            {
                UringTransferQueue? queue = Interlocked.Exchange(ref _free[i], null);
                if (queue is not null)
                {
                    return queue;
                }
            }
        }

        return UringTransferQueue.TryCreate(_file, _kernel);
    }

    internal override void ReturnQueue(TransferQueue queue)
    {
        UringTransferQueue returned = (UringTransferQueue)queue;
        for (int i = 0; i < KeptQueues; i++)
        {
            if (Interlocked.CompareExchange(ref _free[i], returned, null) is null)
            {
                return;
            }
        }

        returned.Dispose();
    }

    public override void Dispose()
    {
        // Before the file: a ring keeps it open, and locked.
        for (int i = 0; i < KeptQueues; i++)
        {
            Interlocked.Exchange(ref _free[i], null)?.Dispose();
        }

        _calls.Dispose();
    }

    private int Start(
        TransferQueue queue,
        Span<MediumTransfer> transfers,
        ReadOnlySpan<MemoryRun> runs,
        int next)
    {
        while (next < transfers.Length && !queue.IsFull)
        {
            ref MediumTransfer transfer = ref transfers[next];
            if (!queue.TryStart(in transfer, runs, next))
            {
                transfer.Status = ExecuteOne(in transfer, runs);
            }

            next++;
        }

        return next;
    }

    private void Collect(
        TransferQueue queue, Span<MediumTransfer> transfers, ReadOnlySpan<MemoryRun> runs)
    {
        Span<TransferEnd> ends = stackalloc TransferEnd[EndsAtOnce];
        int count = queue.Collect(ends, wait: true);
        foreach (ref readonly TransferEnd end in ends[..count])
        {
            ref MediumTransfer transfer = ref transfers[end.Tag];
            transfer.Status = end.IsExecuted ? end.Status : ExecuteOne(in transfer, runs);
        }
    }
}
