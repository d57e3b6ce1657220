using FlashKV.SimBackend.Sharing;
using FlashKV.Superpipe;

namespace FlashKV.SimBackend;

/// <summary>
/// Serves simulated adapters to other processes over a Unix socket: to
/// <see cref="SharedAdapterTransport"/>, to <see cref="AdapterControl"/>, and to native programs
/// under the preload library.
/// </summary>
/// <remarks>
/// <para>
/// Only processes of the same user, and root's, are served. The AFU reaches their memory by
/// process_vm_readv and process_vm_writev, so this is for 64-bit Linux.
/// </para>
/// <para>
/// What a client does, or how it ends, cannot harm the server or other clients; what it held comes
/// back as from a process that exits. A connection costs a thread that sleeps while nothing comes.
/// </para>
/// <para>See docs/adapter-protocol.md for the protocol.</para>
/// </remarks>
public sealed class AdapterServer : IDisposable
{
    private const int Backlog = 128;
    private const int StackBytes = 512 * 1024;

    private readonly Lock _lock = new();
    private readonly HashSet<ServerConnection> _connections = [];
    private readonly ServedMachine _machine;
    private readonly ServerSocket _socket;
    private readonly Thread _accepting;
    private bool _isStopped;

    private AdapterServer(SimulatedHost host, ServerSocket socket, bool servesClonesOnly)
    {
        _socket = socket;
        _machine = new ServedMachine(host, () => ConnectionCount, servesClonesOnly);
        _accepting = new Thread(Accept) { IsBackground = true, Name = "flashkv connections" };
        _accepting.Start();
    }

    /// <summary>The path of the socket.</summary>
    public string SocketPath => _socket.Path;

    /// <summary>The number of connections.</summary>
    public int ConnectionCount
    {
        get
        {
            lock (_lock)
            {
                return _connections.Count;
            }
        }
    }

    /// <summary>The number of descriptors that clients have and have not closed.</summary>
    public int OpenFileCount => _machine.Registry.FileCount;

    /// <summary>Begins to serve. When the method returns, clients can connect.</summary>
    /// <param name="host">The adapters. The server does not dispose of them.</param>
    /// <param name="socketPath">
    /// The path of the socket, at most 107 bytes. A socket that a server has left there is
    /// replaced; beside it, a file whose name ends in ".lock" tells whether there is a server. What
    /// begins with "@" is no path but a name (an abstract address), and leaves no file.
    /// </param>
    /// <returns>The server.</returns>
    /// <exception cref="AdapterSocketException">
    /// Another server has the path (<see cref="Errno.Busy"/>), something else than a socket is
    /// there, or the socket cannot be made.
    /// </exception>
    /// <exception cref="PlatformNotSupportedException">This is not 64-bit Linux.</exception>
    public static AdapterServer Start(SimulatedHost host, string socketPath) =>
        Start(host, socketPath, servesClonesOnly: false);

    /// <summary>
    /// Begins to serve the driver's half of adapters to processes that clone, for reading, the
    /// virtual LUNs of this process, and execute their commands themselves: see
    /// <see cref="CloneTransport"/>. To the driver they are children of this process; what else
    /// they ask for is refused with <see cref="Errno.NotPermitted"/>.
    /// </summary>
    /// <param name="host">The adapters. The server does not dispose of them.</param>
    /// <param name="socketPath">As for <see cref="Start(SimulatedHost, string)"/>.</param>
    /// <returns>The server.</returns>
    /// <exception cref="AdapterSocketException">As there.</exception>
    /// <exception cref="PlatformNotSupportedException">This is not 64-bit Linux.</exception>
    public static AdapterServer StartForClones(SimulatedHost host, string socketPath) =>
        Start(host, socketPath, servesClonesOnly: true);

    private static AdapterServer Start(
        SimulatedHost host, string socketPath, bool servesClonesOnly)
    {
        ArgumentNullException.ThrowIfNull(host);
        ArgumentException.ThrowIfNullOrEmpty(socketPath);
        if (!SocketCalls.IsUsable)
        {
            throw new PlatformNotSupportedException(
                "Adapters can be served to other processes on 64-bit Linux only.");
        }

        return new AdapterServer(
            host, ServerSocket.Open(socketPath, Backlog), servesClonesOnly);
    }

    /// <summary>
    /// Ends the service: connections are cut, what clients held is given back, and the socket is
    /// removed.
    /// </summary>
    public void Dispose()
    {
        ServerConnection[] connections;
        lock (_lock)
        {
            if (_isStopped)
            {
                return;
            }

            _isStopped = true;
            connections = [.. _connections];
        }

        _socket.Stop();
        _accepting.Join();
        Array.ForEach(connections, connection => connection.Stop());
        _machine.Registry.InterruptAll();
        WaitForConnections();
        _machine.Dispose();
        _socket.Dispose();
    }

    private void WaitForConnections()
    {
        SpinWait spin = default;
        while (ConnectionCount > 0)
        {
            spin.SpinOnce();
        }
    }

    private void Accept()
    {
        while (_socket.TryAccept(out PacketSocket? accepted))
        {
            if (accepted is not null)
            {
                Begin(accepted);
            }
        }
    }

    private void Begin(PacketSocket accepted)
    {
        ServerConnection connection = new(_machine, accepted);
        lock (_lock)
        {
            if (_isStopped || _connections.Count >= AdapterProtocol.MaxConnections)
            {
                connection.Dispose();
                return;
            }

            _connections.Add(connection);
        }

        try
        {
            new Thread(() => Serve(connection), StackBytes)
            {
                IsBackground = true,
                Name = "flashkv client",
            }.Start();
        }
        catch (OutOfMemoryException)
        {
            // No thread for it; those who are connected go on.
            End(connection);
        }
    }

    private void Serve(ServerConnection connection)
    {
        try
        {
            connection.Run();
        }
        catch (Exception failure)
        {
            // A bug of ours. It costs the client its connection, and no other client anything.
            _machine.NoteFailure(failure);
        }
        finally
        {
            End(connection);
        }
    }

    private void End(ServerConnection connection)
    {
        connection.Dispose();
        lock (_lock)
        {
            _connections.Remove(connection);
        }
    }
}
