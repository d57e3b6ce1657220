using FlashKV.SimBackend;

namespace FlashKV.Tests.Doubles;

/// <summary>
/// A memory medium whose reads stay under way until somebody asks whether they have ended.
/// </summary>
internal sealed class LateMedium(long blockCount) : Medium(blockCount)
{
    private readonly MemoryMedium _inner = new(blockCount);
    private readonly List<Queue> _queues = [];

    /// <summary>The transfers under way.</summary>
    public int UnderWay => _queues.Sum(static queue => queue.Count);

    internal override bool HasQueues => true;

    internal override TransferQueue? TakeQueue()
    {
        Queue queue = new(this);
        _queues.Add(queue);
        return queue;
    }

    internal override void ReturnQueue(TransferQueue queue) => Assert.Equal(0, queue.Count);

    protected override MediumStatus ReadCore(long block, ReadOnlySpan<MemoryRun> runs) =>
        _inner.Read(block, runs);

    protected override MediumStatus WriteCore(
        long block, ReadOnlySpan<MemoryRun> runs, bool forceUnitAccess) =>
        _inner.Write(block, runs, forceUnitAccess);

    protected override MediumStatus DiscardCore(long block, long blockCount) =>
        _inner.Discard(block, blockCount);

    protected override MediumStatus FlushCore() => _inner.Flush();

    protected override void Dispose(bool disposing)
    {
        _inner.Dispose();
        base.Dispose(disposing);
    }

    private sealed class Queue(LateMedium medium) : TransferQueue
    {
        private readonly Queue<(MediumTransfer Transfer, MemoryRun[] Runs, int Tag)> _begun = [];

        internal override int Capacity => 64;

        internal override bool TryStart(
            in MediumTransfer transfer, ReadOnlySpan<MemoryRun> runs, int tag)
        {
            if (IsFull || transfer.Operation != MediumOperation.Read)
            {
                return false;
            }

            _begun.Enqueue((
                transfer, runs.Slice(transfer.FirstRun, transfer.RunCount).ToArray(), tag));
            Count++;
            return true;
        }

        internal override int Collect(Span<TransferEnd> ends, bool wait)
        {
            int count = 0;
            while (wait && count < ends.Length && _begun.TryDequeue(out var begun))
            {
                MediumStatus status = medium.Read(begun.Transfer.Block, begun.Runs);
                ends[count++] = new TransferEnd(begun.Tag, status, IsExecuted: true);
            }

            Count -= count;
            return count;
        }
    }
}
