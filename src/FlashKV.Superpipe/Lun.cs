namespace FlashKV.Superpipe;

/// <summary>
/// A logical unit of flash, seen as 4,096-byte blocks counted from 0. Transfers need no system call.
/// </summary>
/// <remarks>Any number of threads may transfer at once; disposing needs all of them to have ended.</remarks>
public abstract class Lun : IDisposable
{
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
    /// A transfer failed. All have ended by then; which of the others did their work is not known.
    /// </exception>
    /// <exception cref="ArgumentException">A transfer reaches outside of the LUN.</exception>
    /// <exception cref="ObjectDisposedException">The LUN was released.</exception>
    public abstract void Transfer(ReadOnlySpan<BlockTransfer> batch);

    /// <summary>Transfers one run of blocks; see the other overload.</summary>
    /// <param name="transfer">The transfer.</param>
    /// <exception cref="DeviceException">The transfer failed.</exception>
    /// <exception cref="ArgumentException">The transfer reaches outside of the LUN.</exception>
    /// <exception cref="ObjectDisposedException">The LUN was released.</exception>
    public void Transfer(in BlockTransfer transfer) =>
        Transfer(new ReadOnlySpan<BlockTransfer>(in transfer));

    /// <summary>Releases the LUN. Its buffers may be used again afterwards.</summary>
    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Releases what the LUN holds.</summary>
    /// <param name="disposing">Whether it was asked for, and not the garbage collector's doing.</param>
    protected virtual void Dispose(bool disposing)
    {
    }
}
