namespace FlashKV.SimBackend.Tests;

/// <summary>
/// A memory medium that leaves transfers under way until the test ends them, in an order of its
/// choice.
/// </summary>
internal sealed class QueuedMedium : Medium
{
    private readonly MemoryMedium _inner;
    private readonly Queue _queue;

    internal QueuedMedium(long blockCount, int capacity = 64)
        : base(blockCount)
    {
        _inner = new MemoryMedium(blockCount);
        _queue = new Queue(this, capacity);
    }

    /// <summary>The first blocks of the transfers under way, in the order of their start.</summary>
    internal long[] Started => [.. _queue.Started.Select(item => item.Transfer.Block)];

    /// <summary>Whether somebody has the queue.</summary>
    internal bool IsLent { get; private set; }

    /// <summary>The calls that were made outside of the queue.</summary>
    internal int Calls { get; private set; }

    internal override bool HasQueues => true;

    /// <summary>Lets the transfer that begins at a block end well.</summary>
    internal void End(long block) => _queue.End(block, isExecuted: true, MediumStatus.Good);

    /// <summary>Lets a transfer fail.</summary>
    internal void Fail(long block, MediumStatus status) => _queue.End(block, true, status);

    /// <summary>Lets a transfer come back as one that is to be executed by a call.</summary>
    internal void Refuse(long block) => _queue.End(block, false, MediumStatus.MediumError);

    internal override TransferQueue? TakeQueue()
    {
        if (IsLent)
        {
            return null;
        }

        IsLent = true;
        return _queue;
    }

    internal override void ReturnQueue(TransferQueue queue)
    {
        Assert.Same(_queue, queue);
        Assert.Equal(0, queue.Count);
        IsLent = false;
    }

    protected override MediumStatus ReadCore(long block, ReadOnlySpan<MemoryRun> runs)
    {
        Calls++;
        return _inner.Read(block, runs);
    }

    protected override MediumStatus WriteCore(
        long block, ReadOnlySpan<MemoryRun> runs, bool forceUnitAccess)
    {
        Calls++;
        return _inner.Write(block, runs, forceUnitAccess);
    }

    protected override MediumStatus DiscardCore(long block, long blockCount) =>
        _inner.Discard(block, blockCount);

    protected override MediumStatus FlushCore() => _inner.Flush();

    protected override void Dispose(bool disposing)
    {
        _inner.Dispose();
        base.Dispose(disposing);
    }

    private sealed class Queue(QueuedMedium medium, int capacity) : TransferQueue
    {
        // Ends come from the test's thread, who collects may be another.
        private readonly Lock _lock = new();
        private readonly Queue<TransferEnd> _ended = [];

        internal List<(MediumTransfer Transfer, MemoryRun[] Runs, int Tag)> Started { get; } = [];

        internal override int Capacity => capacity;

        internal override bool TryStart(
            in MediumTransfer transfer, ReadOnlySpan<MemoryRun> runs, int tag)
        {
            if (IsFull || transfer.Operation == MediumOperation.Discard)
            {
                return false;
            }

            MemoryRun[] own = runs.Slice(transfer.FirstRun, transfer.RunCount).ToArray();
            Started.Add((transfer, own, tag));
            Count++;
            return true;
        }

        internal override int Collect(Span<TransferEnd> ends, bool wait)
        {
            using Lock.Scope scope = _lock.EnterScope();
            int count = 0;
            while (count < ends.Length && _ended.TryDequeue(out TransferEnd end))
            {
                ends[count++] = end;
            }

            Count -= count;
            return count;
        }

        internal void End(long block, bool isExecuted, MediumStatus status)
        {
            using Lock.Scope scope = _lock.EnterScope();
            int index = Started.FindIndex(item => item.Transfer.Block == block);
            (MediumTransfer transfer, MemoryRun[] runs, int tag) = Started[index];
            Started.RemoveAt(index);
            if (isExecuted && status == MediumStatus.Good)
            {
                status = transfer.Operation == MediumOperation.Read
                    ? medium._inner.Read(transfer.Block, runs)
                    : medium._inner.Write(transfer.Block, runs, forceUnitAccess: false);
            }

            _ended.Enqueue(new TransferEnd(tag, status, isExecuted));
        }
    }
}
