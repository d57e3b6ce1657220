using FlashKV.Superpipe;

namespace FlashKV.SimBackend.Sharing;

/// <summary>
/// The listening socket of a server. A locked file beside it says that the server lives, so that a
/// socket left behind can be told from one in use. A name needs none: the system keeps it as long
/// as the socket.
/// </summary>
internal sealed class ServerSocket : IDisposable
{
    private const string LockSuffix = ".lock";
    private const int FirstPauseMilliseconds = 10;

    private readonly FileStream? _lock;
    private readonly PacketSocket _socket;
    private readonly ManualResetEventSlim _stopped = new();

    private ServerSocket(string path, FileStream? lockFile, PacketSocket socket)
    {
        Path = path;
        _lock = lockFile;
        _socket = socket;
    }

    /// <summary>Where it is.</summary>
    internal string Path { get; }

    /// <summary>Makes the socket and listens.</summary>
    internal static ServerSocket Open(string path, int backlog)
    {
        if (!PacketSocket.IsPathShortEnough(path))
        {
            throw new AdapterSocketException(
                path,
                Errno.InvalidArgument,
                $"The path of a socket has at most {AdapterProtocol.MaxSocketPathBytes} bytes; "
                + $"'{path}' is longer.");
        }

        if (PacketSocket.IsName(path))
        {
            return new ServerSocket(path, null, Listen(path, backlog));
        }

        // Before the lock is made: what is refused leaves nothing behind.
        _ = IsTaken(path);
        FileStream lockFile = Lock(path);
        try
        {
            return new ServerSocket(path, lockFile, Listen(path, backlog));
        }
        catch
        {
            lockFile.Dispose();
            throw;
        }
    }

    /// <summary>Waits for a connection.</summary>
    /// <param name="accepted">
    /// The connection; <see langword="null"/> when the system could not give one just now.
    /// </param>
    /// <returns><see langword="false"/> once the socket was stopped.</returns>
    internal bool TryAccept(out PacketSocket? accepted)
    {
        Errno errno = _socket.Accept(out accepted);
        if (errno != Errno.None && !_stopped.IsSet)
        {
            // Out of descriptors or memory: those who are connected may end meanwhile.
            _stopped.Wait(FirstPauseMilliseconds);
        }

        return !_stopped.IsSet;
    }

    /// <summary>Accepts nobody any more.</summary>
    internal void Stop()
    {
        _stopped.Set();
        _socket.Shutdown(SocketCalls.ShutBoth);
    }

    public void Dispose()
    {
        if (_lock is not null)
        {
            File.Delete(Path);
        }

        _socket.Dispose();
        _lock?.Dispose();
        _stopped.Dispose();
    }

    // The lock goes with the process, however it ends.
    private static FileStream Lock(string path)
    {
        try
        {
            return new FileStream(
                path + LockSuffix, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (Exception failure) when (failure is DirectoryNotFoundException
            or UnauthorizedAccessException or FileNotFoundException)
        {
            throw new AdapterSocketException(
                path, Errno.AccessDenied, $"The socket '{path}' cannot be made: {failure.Message}");
        }
        catch (IOException)
        {
            throw Taken(path);
        }
    }

    private static bool IsTaken(string path)
    {
        bool exists = FileStatus.Exists(path, out bool isSocket);
        return !exists || isSocket ? exists : throw new AdapterSocketException(
            path, Errno.InvalidArgument, $"'{path}' exists and is not a socket.");
    }

    private static PacketSocket Listen(string path, int backlog)
    {
        if (!PacketSocket.IsName(path) && IsTaken(path))
        {
            // Nobody has the lock, so this one was left behind.
            File.Delete(path);
        }

        Errno errno = PacketSocket.Listen(path, backlog, out PacketSocket? socket);
        return errno switch
        {
            Errno.None => socket!,
            (Errno)SocketCalls.ErrorInUse => throw Taken(path),
            _ => throw new AdapterSocketException(
                path, errno, $"The socket '{path}' cannot be made: {errno}."),
        };
    }

    private static AdapterSocketException Taken(string path) => new(
        path, Errno.Busy, $"Another server has the socket '{path}'.");
}
