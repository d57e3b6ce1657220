using System.Diagnostics.CodeAnalysis;
using FlashKV.Superpipe.Commands;

namespace FlashKV.Superpipe;

/// <summary>
/// A logical unit of flash, seen as 4,096-byte blocks counted from 0. Transfers need no system
/// call.
/// </summary>
/// <remarks>
/// Any number of threads may transfer at once; disposing needs all of them to have ended.
/// </remarks>
public abstract class Lun : IDisposable
{
    /// <summary>The bytes of a block.</summary>
    public const int BlockSize = 4096;

    /// <summary>The number of blocks.</summary>
    public abstract long BlockCount { get; }

    /// <summary>
    /// Transfers runs of blocks, and returns when all of them have completed. Their order is not
    /// defined; two transfers of a batch must not touch the same block unless both read.
    /// </summary>
    /// <param name="batch">
    /// The transfers. Their buffers must stay valid until the call returns or throws.
    /// </param>
    /// <exception cref="DeviceException">
    /// A transfer failed. None was begun after that, all have ended by now, and which of the others
    /// did their work is not known.
    /// </exception>
    /// <exception cref="ArgumentException">A transfer reaches outside of the LUN.</exception>
    /// <exception cref="InvalidOperationException">The LUN is not open for this access.</exception>
    /// <exception cref="ObjectDisposedException">The LUN was released.</exception>
    public abstract void Transfer(ReadOnlySpan<BlockTransfer> batch);

    /// <summary>Transfers one run of blocks; see the other overload.</summary>
    /// <param name="transfer">The transfer.</param>
    /// <exception cref="DeviceException">The transfer failed.</exception>
    /// <exception cref="ArgumentException">The transfer reaches outside of the LUN.</exception>
    /// <exception cref="ObjectDisposedException">The LUN was released.</exception>
    public void Transfer(in BlockTransfer transfer) =>
        Transfer(new ReadOnlySpan<BlockTransfer>(in transfer));

    /// <summary>
    /// Transfers batches of several LUNs, and returns when all of them have completed. All are under
    /// way before any is waited for, so that the LUNs' devices work at the same time.
    /// </summary>
    /// <param name="batches">
    /// The batches, at most one of a LUN; see <see cref="Transfer(ReadOnlySpan{BlockTransfer})"/>.
    /// LUNs may be of different contexts.
    /// </param>
    /// <exception cref="DeviceException">
    /// A transfer failed. All have ended by now, and the other batches were carried out.
    /// </exception>
    /// <exception cref="ArgumentException">A transfer reaches outside of its LUN.</exception>
    /// <exception cref="InvalidOperationException">A LUN is not open for this access.</exception>
    /// <exception cref="ObjectDisposedException">A LUN was released.</exception>
    public static void Transfer(ReadOnlySpan<LunBatch> batches)
    {
        if (batches.Length == 1)
            batches[0].Lun.Transfer(batches[0].Transfers.Span);
        else
            BatchGroup.Run(batches);
    }

    /// <summary>
    /// Transfers a batch if all of it can begin at this moment; so a caller who has other things to
    /// do feels back-pressure instead of waiting for other threads' commands.
    /// </summary>
    /// <param name="batch">
    /// The transfers; see <see cref="Transfer(ReadOnlySpan{BlockTransfer})"/>.
    /// </param>
    /// <returns>
    /// <see langword="false"/> when there were too few command blocks, and nothing was transferred.
    /// </returns>
    /// <exception cref="DeviceException">A transfer failed.</exception>
    /// <exception cref="ArgumentException">A transfer reaches outside of the LUN.</exception>
    /// <exception cref="InvalidOperationException">The LUN is not open for this access.</exception>
    /// <exception cref="ObjectDisposedException">The LUN was released.</exception>
    public virtual bool TryTransfer(ReadOnlySpan<BlockTransfer> batch)
    {
        Transfer(batch);
        return true;
    }

    /// <summary>
    /// Transfers runs of blocks without keeping the thread waiting. Allocates nothing unless it
    /// fails or there are more transfers under way than <see cref="SuperpipeContext.CommandBlocks"/>.
    /// </summary>
    /// <param name="batch">
    /// The transfers; see <see cref="Transfer(ReadOnlySpan{BlockTransfer})"/>. Memory and buffers
    /// must stay valid and unchanged until the task has completed, however it does.
    /// </param>
    /// <param name="cancellationToken">
    /// Ends the batch early. What was sent cannot be taken back from the adapter, which may touch the
    /// buffers until it has answered; so the task completes as cancelled only after that.
    /// </param>
    /// <returns>A task to await once; it completes on a thread of the pool.</returns>
    /// <remarks>
    /// The calling thread sends the batch and makes the first rounds itself
    /// (<see cref="AttachOptions.InlineRounds"/>), so that a fast device answers without a change of
    /// threads. Afterwards one work item of the thread pool carries on all batches of the context
    /// that are awaited, for as long as there are any.
    /// </remarks>
    /// <exception cref="ArgumentException">A transfer reaches outside of the LUN.</exception>
    /// <exception cref="InvalidOperationException">The LUN is not open for this access.</exception>
    /// <exception cref="ObjectDisposedException">The LUN was released.</exception>
    public virtual ValueTask TransferAsync(
        ReadOnlyMemory<BlockTransfer> batch, CancellationToken cancellationToken = default)
    {
        if (cancellationToken.IsCancellationRequested)
            return ValueTask.FromCanceled(cancellationToken);
        try
        {
            Transfer(batch.Span);
            return default;
        }
        catch (DeviceException exception)
        {
            return ValueTask.FromException(exception);
        }
    }

    /// <summary>Transfers one run of blocks; see the other overload.</summary>
    /// <param name="transfer">The transfer.</param>
    /// <param name="cancellationToken">Ends it early, once the adapter has answered.</param>
    /// <returns>A task to await once.</returns>
    /// <exception cref="ArgumentException">The transfer reaches outside of the LUN.</exception>
    /// <exception cref="InvalidOperationException">The LUN is not open for this access.</exception>
    /// <exception cref="ObjectDisposedException">The LUN was released.</exception>
    public virtual ValueTask TransferAsync(
        BlockTransfer transfer, CancellationToken cancellationToken = default)
    {
        if (cancellationToken.IsCancellationRequested)
            return ValueTask.FromCanceled(cancellationToken);
        try
        {
            Transfer(in transfer);
            return default;
        }
        catch (DeviceException exception)
        {
            return ValueTask.FromException(exception);
        }
    }

    /// <summary>
    /// Begins an asynchronous transfer if all of it can begin at this moment; see
    /// <see cref="TryTransfer"/>.
    /// </summary>
    /// <param name="batch">The transfers.</param>
    /// <param name="completion">What to await when it has begun.</param>
    /// <param name="cancellationToken">Ends it early, once the adapter has answered.</param>
    /// <returns>
    /// <see langword="false"/> when there were too few command blocks, and nothing was begun.
    /// </returns>
    /// <exception cref="ArgumentException">A transfer reaches outside of the LUN.</exception>
    /// <exception cref="InvalidOperationException">The LUN is not open for this access.</exception>
    /// <exception cref="ObjectDisposedException">The LUN was released.</exception>
    public virtual bool TryTransferAsync(
        ReadOnlyMemory<BlockTransfer> batch,
        out ValueTask completion,
        CancellationToken cancellationToken = default)
    {
        completion = TransferAsync(batch, cancellationToken);
        return true;
    }

    /// <summary>
    /// Begins a batch if command blocks are plentiful at this moment: then at least half of all stay
    /// free for others, since nobody but the caller carries it on. The adapter works on it meanwhile.
    /// </summary>
    /// <param name="batch">
    /// The transfers; see <see cref="Transfer(ReadOnlySpan{BlockTransfer})"/>. Memory and buffers
    /// must stay valid and unchanged until the batch has ended.
    /// </param>
    /// <param name="pending">
    /// What to wait for when it has begun; <see langword="null"/> otherwise. The one allocation.
    /// </param>
    /// <returns>
    /// <see langword="false"/> when there were too few command blocks, and nothing was begun.
    /// </returns>
    /// <exception cref="ArgumentException">A transfer reaches outside of the LUN.</exception>
    /// <exception cref="InvalidOperationException">The LUN is not open for this access.</exception>
    /// <exception cref="ObjectDisposedException">The LUN was released.</exception>
    public virtual bool TryBeginTransfer(
        ReadOnlyMemory<BlockTransfer> batch, [NotNullWhen(true)] out PendingTransfer? pending)
    {
        pending = null;
        return false;
    }

    /// <summary>Makes a batch ready to be carried on together with others.</summary>
    /// <returns>The batch; <see langword="null"/> if it was carried out instead.</returns>
    internal virtual SteppedBatch? Begin(ReadOnlyMemory<BlockTransfer> batch)
    {
        Transfer(batch.Span);
        return null;
    }

    /// <summary>Releases the LUN. Its buffers may be used again afterwards.</summary>
    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Releases what the LUN holds.</summary>
    /// <param name="disposing">
    /// Whether it was asked for, and not the garbage collector's doing.
    /// </param>
    protected virtual void Dispose(bool disposing)
    {
    }
}
