namespace FlashKV.SimBackend;

/// <summary>
/// Transfers of a medium that are under way at once. One thread at a time uses a queue.
/// </summary>
internal abstract class TransferQueue
{
    /// <summary>The most transfers under way.</summary>
    internal abstract int Capacity { get; }

    /// <summary>The transfers that were started and have not been collected.</summary>
    internal int Count { get; private protected set; }

    /// <summary>Whether no further transfer can be started before one is collected.</summary>
    internal bool IsFull => Count == Capacity;

    /// <summary>
    /// Starts a transfer. Its memory must stay valid until it is collected, the lists need not.
    /// </summary>
    /// <param name="transfer">The transfer; its range is inside the medium.</param>
    /// <param name="runs">The memory runs of the batch that it refers to.</param>
    /// <param name="tag">Comes back with its end; not negative.</param>
    /// <returns>
    /// <see langword="false"/> when it has to be executed by an ordinary call: it is of a kind that
    /// the queue does not take, or the queue is full.
    /// </returns>
    internal abstract bool TryStart(
        in MediumTransfer transfer, ReadOnlySpan<MemoryRun> runs, int tag);

    /// <summary>Sees to it that what was started goes on, and collects what has ended.</summary>
    /// <param name="ends">Where the ends go, in any order; at least one place.</param>
    /// <param name="wait">
    /// Whether to wait for one while none has ended. None may come back all the same.
    /// </param>
    /// <returns>How many there are.</returns>
    internal abstract int Collect(Span<TransferEnd> ends, bool wait);
}
