using System.Runtime.ExceptionServices;
using FlashKV.Superpipe.Commands;

namespace FlashKV.Superpipe;

/// <summary>
/// A batch that was begun by <see cref="Lun.TryBeginTransfer(ReadOnlyMemory{BlockTransfer},
/// out PendingTransfer?)"/>: the adapter works on it while its owner does other things, and no other
/// thread wakes for it. What the block library's <c>cblk_aread</c> and <c>cblk_aresult</c> are.
/// </summary>
/// <remarks>
/// One thread at a time may use it, not always the same one. Until it has ended, its buffers must
/// stay as they are. Nobody but its owner carries it on, so every one is to be waited for or
/// disposed; the command blocks of what the adapter has answered are freed by whoever takes answers.
/// </remarks>
public sealed class PendingTransfer : IDisposable
{
    private SteppedBatch? _batch;
    private Exception? _failure;

    internal PendingTransfer(SteppedBatch? batch) => _batch = batch;

    /// <summary>Carries it on as far as that needs no waiting.</summary>
    /// <returns>Whether it has ended, well or not; then <see cref="Wait"/> does not wait.</returns>
    public bool Poll()
    {
        if (_batch is { IsDone: false })
            _batch.StepInline();
        return _batch?.IsDone != false;
    }

    /// <summary>Carries it on until every command has ended.</summary>
    /// <exception cref="DeviceException">
    /// A transfer failed. All have ended by now, and which of the others did their work is not known.
    /// Thrown by every further call as well.
    /// </exception>
    public void Wait()
    {
        Dispose();
        if (_failure is not null)
            ExceptionDispatchInfo.Throw(_failure);
    }

    /// <summary>
    /// Waits until every command has ended; a failure that nobody has waited for is not told.
    /// </summary>
    public void Dispose()
    {
        if (_batch is null)
            return;

        _failure = BatchGroup.Finish(_batch);
        _batch = null;
    }
}
