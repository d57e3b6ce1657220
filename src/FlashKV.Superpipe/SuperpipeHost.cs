using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using FlashKV.Superpipe.Abi;
using FlashKV.Superpipe.Control;
using FlashKV.Superpipe.Interop;

namespace FlashKV.Superpipe;

/// <summary>
/// An open host node of an adapter, such as <c>/dev/cxlflash/cxlflash0</c>: what concerns the adapter
/// and not one of its LUNs. Adapters without the capability answer
/// <see cref="Errno.NotSupported"/>. All methods may be called by any number of threads at once.
/// </summary>
public sealed class SuperpipeHost : IDisposable
{
    /// <summary>The bytes of a debug command: bytes 4 to 15 of its CDB.</summary>
    public const int DebugCommandLength = 12;

    /// <summary>The most bytes of data that go with a debug command.</summary>
    public const int MaxDebugDataLength = (int)HtCxlflashAfuDebug.MaxDataLength;

    private readonly DeviceChannel _channel;
    private int _isDisposed;

    private SuperpipeHost(DeviceChannel channel) => _channel = channel;

    /// <summary>The path of the node.</summary>
    public string Path => _channel.Path;

    /// <summary>Opens a host node of the machine; it needs the right to administer it.</summary>
    /// <param name="path">The path of the node.</param>
    /// <returns>The adapter.</returns>
    /// <exception cref="DeviceException">
    /// The node cannot be opened; with <see cref="Errno.AccessDenied"/> for want of the right.
    /// </exception>
    [SupportedOSPlatform("linux")]
    public static SuperpipeHost Open(string path) => Open(new LinuxTransport(), path);

    /// <summary>Opens a host node through a transport.</summary>
    /// <typeparam name="TRegisters">The transport's kind of register window.</typeparam>
    /// <param name="transport">The transport.</param>
    /// <param name="path">The path of the node.</param>
    /// <returns>The adapter.</returns>
    /// <exception cref="DeviceException">The node cannot be opened.</exception>
    public static SuperpipeHost Open<TRegisters>(
        IControlTransport<TRegisters> transport, string path)
        where TRegisters : struct, IRegisterWindow
    {
        ArgumentNullException.ThrowIfNull(transport);
        ArgumentException.ThrowIfNullOrEmpty(path);
        Errno errno = transport.Open(path, DeviceAccess.ReadWrite, out int descriptor);
        if (errno != Errno.None)
            throw new DeviceException($"Opening {path}", errno);
        return new(new DeviceChannel<TRegisters>(transport, path, descriptor));
    }

    /// <summary>Makes a LUN.</summary>
    /// <param name="port">The port of the adapter, counted from 0.</param>
    /// <param name="blocks">The size in 4,096-byte blocks, at least 1.</param>
    /// <returns>The LUN, which has to be scanned for before it has a node.</returns>
    /// <exception cref="DeviceException">
    /// The driver refuses: <see cref="Errno.InvalidArgument"/> for a port that there is not,
    /// <see cref="Errno.InputOutput"/> when the AFU does.
    /// </exception>
    public ProvisionedLun CreateLun(int port, long blocks)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(blocks, 1);
        HtCxlflashLunProvision argument = NewProvision(
            HtCxlflashLunProvision.SubcmdCreateLun, port);
        argument.Size = (ulong)blocks;
        Provision(ref argument);
        return new ProvisionedLun(argument.LunId, ((ReadOnlySpan<byte>)argument.Wwid).ToArray());
    }

    /// <summary>Deletes a LUN.</summary>
    /// <param name="port">The port of the adapter, counted from 0.</param>
    /// <param name="lunId">The LUN's id.</param>
    /// <exception cref="DeviceException">The driver refuses.</exception>
    public void DeleteLun(int port, ulong lunId)
    {
        HtCxlflashLunProvision argument = NewProvision(
            HtCxlflashLunProvision.SubcmdDeleteLun, port);
        argument.LunId = lunId;
        Provision(ref argument);
    }

    /// <summary>Counts the LUNs of a port.</summary>
    /// <param name="port">The port of the adapter, counted from 0.</param>
    /// <returns>How many there are and may be, and of what size.</returns>
    /// <exception cref="DeviceException">The driver refuses.</exception>
    public PortProvision QueryPort(int port)
    {
        HtCxlflashLunProvision argument = NewProvision(
            HtCxlflashLunProvision.SubcmdQueryPort, port);
        Provision(ref argument);
        return new PortProvision(
            (long)argument.MaxNumLuns,
            (long)argument.CurNumLuns,
            (long)argument.MaxCapPort,
            (long)argument.CurCapPort);
    }

    /// <summary>Sends a debug command to the AFU.</summary>
    /// <param name="command">Bytes 4 to 15 of the command's CDB.</param>
    /// <param name="data">Memory for what the AFU answers; at most 262,144 bytes.</param>
    /// <exception cref="ArgumentException">A length is wrong.</exception>
    /// <exception cref="DeviceException">The driver refuses, or the AFU does.</exception>
    public void ReadDebug(ReadOnlySpan<byte> command, Span<byte> data)
    {
        byte[] pinned = NewPinned(data.Length);
        Debug(command, pinned, HtCxlflashHdr.HostRead);
        pinned.CopyTo(data);
    }

    /// <summary>Sends a debug command with data to the AFU.</summary>
    /// <param name="command">Bytes 4 to 15 of the command's CDB.</param>
    /// <param name="data">What goes with it; at most 262,144 bytes.</param>
    /// <exception cref="ArgumentException">A length is wrong.</exception>
    /// <exception cref="DeviceException">The driver refuses, or the AFU does.</exception>
    public void WriteDebug(ReadOnlySpan<byte> command, ReadOnlySpan<byte> data)
    {
        byte[] pinned = NewPinned(data.Length);
        data.CopyTo(pinned);
        Debug(command, pinned, HtCxlflashHdr.HostWrite);
    }

    /// <summary>Closes the node.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) == 0)
            _channel.RemoveReference();
    }

    private static HtCxlflashLunProvision NewProvision(ushort subcommand, int port)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(port);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(port, ushort.MaxValue);
        HtCxlflashLunProvision argument = default;
        argument.Hdr.Subcmd = subcommand;
        argument.Port = (ushort)port;
        return argument;
    }

    private void Provision(ref HtCxlflashLunProvision argument)
    {
        ObjectDisposedException.ThrowIf(_isDisposed != 0, this);
        Errno errno = _channel.ProvisionLun(ref argument);
        if (errno != Errno.None)
            throw new DeviceException("HT_CXLFLASH_LUN_PROVISION", errno);
    }

    private static byte[] NewPinned(int length)
    {
        if (length > MaxDebugDataLength)
            throw new ArgumentException("More than 262,144 bytes of data.", nameof(length));
        return GC.AllocateArray<byte>(length, pinned: true);
    }

    private void Debug(ReadOnlySpan<byte> command, byte[] pinned, ulong direction)
    {
        ObjectDisposedException.ThrowIf(_isDisposed != 0, this);
        if (command.Length != DebugCommandLength)
            throw new ArgumentException("A debug command has 12 bytes.", nameof(command));

        HtCxlflashAfuDebug argument = default;
        argument.Hdr.Flags = direction;
        command.CopyTo(argument.AfuSubcmd);
        argument.DataLen = (uint)pinned.Length;
        argument.DataEa = (ulong)Marshal.UnsafeAddrOfPinnedArrayElement(pinned, 0);
        Errno errno = _channel.DebugAfu(ref argument);
        GC.KeepAlive(pinned);
        if (errno != Errno.None)
            throw new DeviceException("HT_CXLFLASH_AFU_DEBUG", errno);
    }
}
