namespace FlashKV.Superpipe;

/// <summary>
/// The control seam: the rare calls by which a client reaches a superpipe driver. Every method
/// answers with an error number and changes nothing when it is not <see cref="Errno.None"/>.
/// </summary>
/// <typeparam name="TRegisters">The register window that <see cref="Map"/> gives.</typeparam>
/// <remarks>All methods may be called by any number of threads at once.</remarks>
public interface IControlTransport<TRegisters>
    where TRegisters : struct, IRegisterWindow
{
    /// <summary>Opens a device node: a descriptor that carries the ioctls ("fd1").</summary>
    /// <param name="path">The path of the node, such as <c>/dev/sg3</c>.</param>
    /// <param name="access">The access to open it with.</param>
    /// <param name="descriptor">The descriptor.</param>
    /// <returns>The error number.</returns>
    Errno Open(string path, DeviceAccess access, out int descriptor);

    /// <summary>Issues an ioctl.</summary>
    /// <param name="descriptor">A descriptor of <see cref="Open"/>.</param>
    /// <param name="request">The request number.</param>
    /// <param name="argument">The argument structure; written back only on success.</param>
    /// <returns>The error number.</returns>
    Errno Ioctl(int descriptor, uint request, Span<byte> argument);

    /// <summary>Maps the register window of a context descriptor ("fd2").</summary>
    /// <param name="descriptor">The descriptor that ATTACH or RECOVER_AFU gave.</param>
    /// <param name="length">The length in bytes, at most the mmio_size of ATTACH.</param>
    /// <param name="window">The window.</param>
    /// <returns>The error number.</returns>
    Errno Map(int descriptor, long length, out TRegisters window);

    /// <summary>Removes a mapping. No thread may use the window any more.</summary>
    /// <param name="window">A window of <see cref="Map"/>.</param>
    void Unmap(TRegisters window);

    /// <summary>Waits until a context descriptor has an event.</summary>
    /// <param name="descriptor">The descriptor of the context.</param>
    /// <param name="timeoutMilliseconds">The longest wait; 0 only looks.</param>
    /// <param name="readable">Whether an event can be read.</param>
    /// <returns>The error number; <see cref="Errno.InputOutput"/> on a closed context.</returns>
    Errno Poll(int descriptor, int timeoutMilliseconds, out bool readable);

    /// <summary>Reads one event of a context, without blocking.</summary>
    /// <param name="descriptor">The descriptor of the context.</param>
    /// <param name="buffer">At least 4,096 bytes.</param>
    /// <param name="length">The length of the event in bytes.</param>
    /// <returns>
    /// The error number; <see cref="Errno.TryAgain"/> when there is no event,
    /// <see cref="Errno.InputOutput"/> when the adapter is lost.
    /// </returns>
    Errno Read(int descriptor, Span<byte> buffer, out int length);

    /// <summary>Closes a descriptor of either kind.</summary>
    /// <param name="descriptor">The descriptor.</param>
    /// <returns>The error number.</returns>
    Errno Close(int descriptor);
}
