using System.Globalization;
using System.Net.Sockets;
using System.Security.Cryptography;

namespace FlashKV.Clones;

/// <summary>
/// Listens for processes that want a clone. Only those of the same user, and root's, are let in. A
/// connection has a thread, which sleeps while nothing comes.
/// </summary>
internal sealed class CloneListener : IDisposable
{
    private const int Backlog = 128;
    private const int StackBytes = 512 * 1024;
    private const int HelloMilliseconds = 10_000;
    private const int PauseMilliseconds = 10;

    private readonly Action<CloneSocket, CloneHello, int> _serve;
    private readonly Socket _socket;
    private readonly IDisposable? _directory;
    private readonly string? _path;
    private readonly Thread _accepting;
    private readonly ManualResetEventSlim _stopped = new();

    private CloneListener(
        string address,
        Socket socket,
        string? path,
        IDisposable? directory,
        Action<CloneSocket, CloneHello, int> serve)
    {
        Address = address;
        _socket = socket;
        _path = path;
        _directory = directory;
        _serve = serve;
        _accepting = new Thread(Accept, StackBytes)
        {
            IsBackground = true,
            Name = "flashkv clones",
        };
        _accepting.Start();
    }

    /// <summary>The path of the socket, or its name with "@" before it.</summary>
    public string Address { get; }

    /// <summary>Listens at a path of this user's alone. What was left there is replaced.</summary>
    /// <exception cref="FlashStoreException">The socket cannot be made.</exception>
    public static CloneListener AtPath(
        string path, Action<CloneSocket, CloneHello, int> serve)
    {
        Socket socket = CloneSocket.Create();
        ShortPath shortened = ShortPath.Of(path);
        try
        {
            File.Delete(path);
            socket.Bind(CloneSocket.EndPointOf(shortened.Value));
            if (!OperatingSystem.IsWindows())
            {
                // Nobody can connect before it listens.
                File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            }

            socket.Listen(Backlog);
            return new CloneListener(path, socket, path, shortened, serve);
        }
        catch (Exception failure) when (failure is SocketException or IOException
            or UnauthorizedAccessException or ArgumentException)
        {
            socket.Dispose();
            shortened.Dispose();
            throw new FlashStoreException(
                $"The socket '{path}' for clones cannot be made: {failure.Message}", failure);
        }
    }

    /// <summary>Listens at a name that nobody else has.</summary>
    public static CloneListener AtName(Action<CloneSocket, CloneHello, int> serve)
    {
        string name = string.Create(
            CultureInfo.InvariantCulture,
            $"@flashkv-clone-{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16))}");
        Socket socket = CloneSocket.Create();
        try
        {
            socket.Bind(CloneSocket.EndPointOf(name));
            socket.Listen(Backlog);
            return new CloneListener(name, socket, null, null, serve);
        }
        catch (SocketException failure)
        {
            socket.Dispose();
            throw new FlashStoreException(
                $"No socket for clones can be made: {failure.Message}", failure);
        }
    }

    /// <summary>Lets nobody in any more.</summary>
    public void Stop()
    {
        if (_stopped.IsSet)
        {
            return;
        }

        _stopped.Set();
        try
        {
            _socket.Shutdown(SocketShutdown.Both);
        }
        catch (SocketException)
        {
            // Closing ends the wait where shutting down does not.
        }

        _socket.Dispose();
        if (_path is not null)
        {
            File.Delete(_path);
        }
    }

    public void Dispose()
    {
        Stop();
        _accepting.Join();
        _directory?.Dispose();
        _stopped.Dispose();
    }

    private void Accept()
    {
        while (!_stopped.IsSet)
        {
            try
            {
                Begin(new CloneSocket(_socket.Accept()));
            }
            catch (Exception failure) when (failure is SocketException or ObjectDisposedException)
            {
                // Out of descriptors: those who are connected may end meanwhile.
                _stopped.Wait(PauseMilliseconds);
            }
        }
    }

    private void Begin(CloneSocket socket)
    {
        try
        {
            new Thread(() => Serve(socket), StackBytes)
            {
                IsBackground = true,
                Name = "flashkv clone",
            }.Start();
        }
        catch (OutOfMemoryException)
        {
            // No thread for it; those who are connected go on.
            socket.Dispose();
        }
    }

    private void Serve(CloneSocket socket)
    {
        using (socket)
        {
            try
            {
                (int processId, uint user) = socket.GetPeer();
                if (!ProcessUser.IsTrusted(user))
                {
                    CloneHello.Refuse(
                        socket,
                        CloneRefusal.OtherUser,
                        "the store is open in a process of another user");
                    return;
                }

                socket.LimitReceiving(HelloMilliseconds);
                if (CloneHello.Receive(socket) is { } hello)
                {
                    socket.LimitReceiving(0);
                    _serve(socket, hello, processId);
                }
            }
            catch (Exception failure)
            {
                // It has gone, or a fault of ours: that costs it its clone, nobody else anything.
                CloneHello.Refuse(
                    socket, CloneRefusal.StoreFailed, $"the store says: {failure.Message}");
            }
        }
    }
}
