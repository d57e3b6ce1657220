using System.Runtime.Versioning;
using FlashKV.Superpipe.Control;
using FlashKV.Superpipe.Interop;

namespace FlashKV.Superpipe;

/// <summary>
/// An open device node of a superpipe adapter: one LUN, from which contexts are attached. All
/// methods may be called by any number of threads at once.
/// </summary>
public sealed class SuperpipeDevice : IDisposable
{
    /// <summary>The bytes of a LUN's world-wide id.</summary>
    public const int WwidLength = 16;

    private int _isDisposed;

    private SuperpipeDevice(string path, DeviceAccess access, DeviceChannel channel)
    {
        Path = path;
        Access = access;
        Channel = channel;
    }

    /// <summary>The path of the device node.</summary>
    public string Path { get; }

    /// <summary>The access that the node was opened with.</summary>
    public DeviceAccess Access { get; }

    internal DeviceChannel Channel { get; }

    /// <summary>
    /// Opens a device node of the machine, such as <c>/dev/sg3</c>, for reading and writing.
    /// </summary>
    /// <param name="path">The path of the node.</param>
    /// <returns>The device.</returns>
    /// <exception cref="DeviceException">The node cannot be opened.</exception>
    [SupportedOSPlatform("linux")]
    public static SuperpipeDevice Open(string path) => Open(new LinuxTransport(), path);

    /// <summary>Opens a device node through a transport, such as a simulated adapter's.</summary>
    /// <typeparam name="TRegisters">The transport's kind of register window.</typeparam>
    /// <param name="transport">The transport; it must outlive the device and its contexts.</param>
    /// <param name="path">The path of the node.</param>
    /// <param name="access">The access; ioctls need reading and writing.</param>
    /// <returns>The device.</returns>
    /// <exception cref="DeviceException">The node cannot be opened.</exception>
    public static SuperpipeDevice Open<TRegisters>(
        IControlTransport<TRegisters> transport,
        string path,
        DeviceAccess access = DeviceAccess.ReadWrite)
        where TRegisters : struct, IRegisterWindow
    {
        ArgumentNullException.ThrowIfNull(transport);
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentOutOfRangeException.ThrowIfGreaterThan((uint)access, (uint)DeviceAccess.ReadWrite);

        Errno errno = transport.Open(path, access, out int descriptor);
        if (errno != Errno.None)
            throw new DeviceException($"Opening {path}", errno);
        return new(path, access, new DeviceChannel<TRegisters>(transport, path, descriptor));
    }

    /// <summary>Attaches a new context to the device's LUN.</summary>
    /// <param name="options">The options; <see langword="null"/> takes the defaults.</param>
    /// <returns>
    /// The context. It keeps the node open, so the device may be disposed of before it.
    /// </returns>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of its range.</exception>
    /// <exception cref="DeviceException">
    /// The driver refuses: <see cref="Errno.InvalidArgument"/> when the LUN is not in superpipe
    /// mode, <see cref="Errno.NoDevice"/> when there is no context left.
    /// </exception>
    public SuperpipeContext Attach(AttachOptions? options = null)
    {
        ObjectDisposedException.ThrowIf(_isDisposed != 0, this);
        options ??= new AttachOptions();
        options.Validate();
        return Channel.Attach(options);
    }

    /// <summary>Turns superpipe mode of the LUN on or off, for the port of this node.</summary>
    /// <param name="wwid">The LUN's 16-byte world-wide id (page 83, NAA 6).</param>
    /// <param name="enable">Whether the LUN is to be in superpipe mode.</param>
    /// <exception cref="ArgumentException">The id does not have 16 bytes.</exception>
    /// <exception cref="DeviceException">
    /// The driver refuses: <see cref="Errno.Busy"/> while the LUN is in use.
    /// </exception>
    public void ManageLun(ReadOnlySpan<byte> wwid, bool enable)
    {
        ObjectDisposedException.ThrowIf(_isDisposed != 0, this);
        if (wwid.Length != WwidLength)
            throw new ArgumentException("A world-wide id has 16 bytes.", nameof(wwid));

        Errno errno = Channel.ManageLun(wwid, enable);
        if (errno != Errno.None)
            throw new DeviceException("MANAGE_LUN", errno);
    }

    /// <summary>Closes the node, once no context uses it any more.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) == 0)
            Channel.RemoveReference();
    }
}
