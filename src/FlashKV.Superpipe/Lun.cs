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
