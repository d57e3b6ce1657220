namespace FlashKV.Superpipe;

/// <summary>
/// A LUN that the driver puts together from chunks of 65,536 blocks. Its mapping, though not its
/// bytes, is forgotten with the last detach.
/// </summary>
public abstract class VirtualLun : Lun
{
    /// <summary>
    /// Grows or shrinks the LUN to whole chunks. When the device has fewer chunks than wanted, the
    /// LUN gets those there are.
    /// </summary>
    /// <param name="blocks">The number of blocks wanted, at least 0.</param>
    /// <returns>The number of blocks that the LUN has now.</returns>
    /// <exception cref="DeviceException">
    /// The driver refused; with <see cref="Errno.NoSpace"/> when no chunk is left.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The LUN was released.</exception>
    public abstract long Resize(long blocks);
}
