using System.Collections.Concurrent;
using FlashKV.SimBackend.Sharing;
using FlashKV.Superpipe;
using FlashKV.Superpipe.Abi;

namespace FlashKV.SimBackend;

/// <summary>
/// The control seam to adapters that another process serves (see <see cref="AdapterServer"/>, or
/// <c>flashkv adapter serve</c>). Devices are opened through it as through any other transport.
/// </summary>
/// <remarks>
/// <para>
/// Descriptors are real ones of this process: a context's can be polled together with others, and
/// can be handed to a child. The adapter works on the memory of this process.
/// </para>
/// <para>All members may be called by any number of threads at once.</para>
/// </remarks>
public sealed partial class SharedAdapterTransport : IControlTransport<SharedRegisters>, IDisposable
{
    private readonly ConcurrentDictionary<int, ClientFile> _files = new();
    private readonly ConcurrentDictionary<SharedWindow, bool> _windows = new();
    private readonly ConnectionPool _pool;

    private SharedAdapterTransport(
        string socketPath, SharedRegisterAccess registers, ConnectionPool pool)
    {
        SocketPath = socketPath;
        Registers = registers;
        _pool = pool;
    }

    /// <summary>The path of the server's socket.</summary>
    public string SocketPath { get; }

    /// <summary>How registers are reached.</summary>
    public SharedRegisterAccess Registers { get; }

    /// <summary>Connects to a server.</summary>
    /// <param name="socketPath">The path of its socket.</param>
    /// <param name="registers">How to reach registers.</param>
    /// <returns>The transport.</returns>
    /// <exception cref="AdapterSocketException">
    /// Nobody serves there, or this process is refused.
    /// </exception>
    /// <exception cref="PlatformNotSupportedException">This is not 64-bit Linux.</exception>
    public static SharedAdapterTransport Connect(
        string socketPath, SharedRegisterAccess registers = SharedRegisterAccess.Messages)
    {
        ArgumentException.ThrowIfNullOrEmpty(socketPath);
        if (!Enum.IsDefined(registers))
        {
            throw new ArgumentOutOfRangeException(nameof(registers));
        }

        ConnectionPool pool = new(socketPath);
        pool.Return(ServerAddress.Connect(socketPath));
        return new SharedAdapterTransport(socketPath, registers, pool);
    }

    /// <inheritdoc/>
    public Errno Open(string path, DeviceAccess access, out int descriptor)
    {
        ArgumentNullException.ThrowIfNull(path);
        descriptor = -1;
        byte[] bytes = System.Text.Encoding.UTF8.GetBytes(path);
        if (bytes.Length is 0 or > AdapterProtocol.MaxOpenPathBytes)
        {
            return Errno.NoEntry;
        }

        Errno errno = _pool.Take(out ClientConnection? connection);
        if (errno != Errno.None)
        {
            return errno;
        }

        MessageWriter request = connection!.Begin(MessageType.Open);
        request.Add32((uint)access);
        request.Add32((uint)bytes.Length);
        request.AddBytes(bytes);
        errno = connection.Call(
            request, out MessageReader reply, out DescriptorHandle? passed);
        if (errno == Errno.None)
        {
            descriptor = Keep(reply.Take64(), passed!, isContext: false);
        }

        _pool.Return(connection);
        return errno;
    }

    /// <inheritdoc/>
    public Errno Ioctl(int descriptor, uint request, Span<byte> argument)
    {
        if (!_files.TryGetValue(descriptor, out ClientFile? file))
        {
            return Errno.BadDescriptor;
        }

        if (argument.Length < IoctlRequest.SizeOf(request))
        {
            return Errno.BadAddress;
        }

        Errno errno = _pool.Take(out ClientConnection? connection);
        if (errno != Errno.None)
        {
            return errno;
        }

        errno = Ioctl(
            connection!, file, request, argument[..IoctlRequest.SizeOf(request)]);
        _pool.Return(connection!);
        return errno;
    }

    /// <inheritdoc/>
    public Errno Map(int descriptor, long length, out SharedRegisters window)
    {
        window = default;
        if (!_files.TryGetValue(descriptor, out ClientFile? file))
        {
            return Errno.BadDescriptor;
        }

        Errno errno = ClientConnection.Open(SocketPath, out ClientConnection? connection);
        if (errno != Errno.None)
        {
            return Errno.NoDevice;
        }

        errno = Map(connection!, file, length, out SharedMemory? page);
        if (errno == Errno.None)
        {
            errno = file.Socket.Duplicate(out PacketSocket? copy);
            if (errno == Errno.None)
            {
                SharedWindow shared = new(file.Id, copy!, _pool, connection!, page);
                _windows[shared] = true;
                window = new SharedRegisters(shared);
                return Errno.None;
            }

            page?.Dispose();
        }

        connection!.Dispose();
        return errno;
    }

    /// <inheritdoc/>
    public void Unmap(SharedRegisters window)
    {
        if (window.Window is { } shared && _windows.TryRemove(shared, out _))
        {
            CloseWithNotice(shared.FileId, shared);
        }
    }

    /// <inheritdoc/>
    public Errno Poll(int descriptor, int timeoutMilliseconds, out bool readable)
    {
        readable = false;
        if (!_files.TryGetValue(descriptor, out ClientFile? file) || !file.IsContext)
        {
            return Errno.BadDescriptor;
        }

        short ready = file.Socket.Poll(SocketCalls.PollIn, timeoutMilliseconds);
        if ((ready & SocketCalls.PollIn) == 0)
        {
            return (ready & SocketCalls.PollHangUp) != 0 ? Errno.InputOutput : Errno.None;
        }

        // The end of a context is readable as well: it reads as no message.
        Span<byte> first = stackalloc byte[1];
        Errno errno = file.Socket.Peek(first, out int length);
        readable = errno == Errno.None && length > 0;
        return readable || errno == Errno.TryAgain ? Errno.None : Errno.InputOutput;
    }

    /// <inheritdoc/>
    public Errno Read(int descriptor, Span<byte> buffer, out int length)
    {
        length = 0;
        if (!_files.TryGetValue(descriptor, out ClientFile? file) || !file.IsContext)
        {
            return Errno.BadDescriptor;
        }

        if (buffer.Length < CxlEventHeader.MinReadLength)
        {
            return Errno.InvalidArgument;
        }

        Errno errno = file.Socket.Receive(buffer, out length, mayWait: false);
        return errno == Errno.None && length == 0 ? Errno.InputOutput
            : errno is Errno.None or Errno.TryAgain ? errno
            : Errno.InputOutput;
    }

    /// <inheritdoc/>
    public Errno Close(int descriptor)
    {
        if (!_files.TryRemove(descriptor, out ClientFile? file))
        {
            return Errno.BadDescriptor;
        }

        if (file.IsContext)
        {
            CloseWithNotice(file.Id, file.Socket);
        }
        else
        {
            file.Socket.Dispose();
        }

        return Errno.None;
    }

    /// <summary>
    /// Ends the transport. Mappings and descriptors that are still there go, and contexts that are
    /// still attached end, as when a process exits.
    /// </summary>
    public void Dispose()
    {
        foreach (SharedWindow window in _windows.Keys)
        {
            if (_windows.TryRemove(window, out _))
            {
                window.Dispose();
            }
        }

        foreach (int descriptor in _files.Keys)
        {
            if (_files.TryRemove(descriptor, out ClientFile? file))
            {
                file.Socket.Dispose();
            }
        }

        _pool.Dispose();
    }

    private static Errno Map(
        ClientConnection connection,
        uint mode,
        ClientFile file,
        long length,
        out SharedMemory? page)
    {
        const uint PageMode = 2;
        const uint Wakes = 1;
        page = null;
        MessageWriter request = connection.Begin(MessageType.Map);
        request.Add64(file.Id);
        request.Add64((ulong)length);
        request.Add64(0);
        request.Add32(mode);
        request.Add32(mode == PageMode ? Wakes : 0);
        Errno errno = connection.Call(
            request, out MessageReader reply, out DescriptorHandle? passed);
        using (passed)
        {
            return errno == Errno.None && reply.Take32() == PageMode && passed is not null
                ? SharedMemory.Map(passed, SharedPageFormat.TotalBytes, out page)
                : errno;
        }
    }

    private Errno Map(
        ClientConnection connection, ClientFile file, long length, out SharedMemory? page)
    {
        uint mode = Registers == SharedRegisterAccess.SharedPage ? 2u : 1u;
        return Map(connection, mode, file, length, out page);
    }

    private Errno Ioctl(
        ClientConnection connection, ClientFile file, uint number, Span<byte> argument)
    {
        MessageWriter request = connection.Begin(MessageType.Ioctl, MessageFlags.Inline);
        request.Add64(file.Id);
        request.Add32(number);
        request.Add32((uint)argument.Length);
        request.Add64(0);
        request.AddBytes(argument);
        Errno errno = connection.Call(
            request, out MessageReader reply, out DescriptorHandle? passed);
        if (errno != Errno.None)
        {
            passed?.Dispose();
            return errno;
        }

        ulong id = reply.Take64();
        uint offset = reply.Take32();
        reply.TakeBytes(reply.Take32()).CopyTo(argument);
        if (passed is not null)
        {
            NewDescriptor.Put(argument, (int)offset, Keep(id, passed, isContext: true));
        }

        return Errno.None;
    }

    private int Keep(ulong id, DescriptorHandle passed, bool isContext)
    {
        _files[passed.Number] = new ClientFile(id, new PacketSocket(passed), isContext);
        return passed.Number;
    }

    // When this returns, everything that a last close does has been done.
    private void CloseWithNotice(ulong id, IDisposable copy)
    {
        bool hasConnection = _pool.Take(out ClientConnection? connection) == Errno.None;
        if (hasConnection)
        {
            _ = Notify(connection!, MessageType.Closing, id);
        }

        copy.Dispose();
        if (hasConnection)
        {
            _ = Notify(connection!, MessageType.Closed, id);
            _pool.Return(connection!);
        }
    }

    private static Errno Notify(ClientConnection connection, MessageType type, ulong id)
    {
        MessageWriter request = connection.Begin(type);
        request.Add64(id);
        return connection.Call(request, out _);
    }
}
