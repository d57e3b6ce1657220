using System.Buffers.Binary;
using System.Net.Sockets;
using FlashKV.Superpipe;

namespace FlashKV.Clones;

/// <summary>
/// The connection of a reader to the process that has the store open. Once it is being watched, a
/// thread waits for its end, which is that of the clone.
/// </summary>
internal sealed class CloneConnection : IDisposable
{
    private const int StackBytes = 512 * 1024;
    private const int LongestText = 1 << 20;
    private const int NewsMilliseconds = 5000;

    private readonly CloneSocket _socket;
    private readonly ManualResetEventSlim _ended = new();
    private Thread? _watcher;
    private int _reason = -1;

    private CloneConnection(CloneSocket socket) => _socket = socket;

    /// <summary>What has ended the clone; null while it can be read.</summary>
    public CloneEnd? Ended
    {
        get
        {
            int reason = Volatile.Read(ref _reason);
            return reason < 0 ? null : (CloneEnd)reason;
        }
    }

    /// <summary>Connects, and asks for a clone.</summary>
    /// <exception cref="CloneRefusedException">There is none to be had.</exception>
    public static CloneConnection Connect(CloneAddress address)
    {
        Socket socket = CloneSocket.Create();
        using ShortPath path = ShortPath.Of(address.Socket);
        try
        {
            socket.Connect(CloneSocket.EndPointOf(path.Value));
        }
        catch (Exception failure) when (failure is SocketException or ArgumentException)
        {
            socket.Dispose();
            throw Refusal(address, failure);
        }

        // A store that refuses closes its end at once, so this may fail; the refusal is received.
        CloneConnection connection = new(new CloneSocket(socket));
        _ = new CloneHello(address.Ticket).TrySend(connection._socket);
        return connection;
    }

    /// <summary>Receives the view.</summary>
    /// <exception cref="CloneRefusedException">The process is refused.</exception>
    public CloneView ReceiveView() => CloneViewFormat.Read(
        Receive(CloneSocket.MaxBytes, CloneMessage.View));

    /// <summary>Asks what there is to clone now.</summary>
    public CloneSource[] GetSources()
    {
        if (!_socket.TrySend(CloneMessage.Sources, default))
        {
            throw Broken();
        }

        string text = CloneSocket.TextOf(Receive(LongestText, CloneMessage.Sources));
        try
        {
            return [.. text.Split('\n').Select(CloneSource.Parse)];
        }
        catch (FormatException failure)
        {
            throw new CloneRefusedException(CloneRefusal.Protocol, failure.Message, failure);
        }
    }

    /// <summary>Says that the clone is open.</summary>
    public void SayReady() => _ = _socket.TrySend(CloneMessage.Ready, default);

    /// <summary>Waits, on a thread of its own, for the end.</summary>
    /// <param name="ended">Is told of it, unless this side has ended the connection.</param>
    public void Watch(Action<CloneEnd> ended)
    {
        _watcher = new Thread(() => ended(ReceiveEnd()), StackBytes)
        {
            IsBackground = true,
            Name = "flashkv clone end",
        };
        _watcher.Start();
    }

    /// <summary>
    /// What has ended the clone by now, even if the thread that waits for it has not noted it yet.
    /// </summary>
    public CloneEnd? LookForEnd()
    {
        if (Ended is null && _socket.HasNews())
        {
            if (_watcher is null)
            {
                ReceiveEnd();
            }
            else
            {
                _ended.Wait(NewsMilliseconds);
            }
        }

        return Ended;
    }

    /// <summary>Ends the connection; the store is told.</summary>
    public void Dispose()
    {
        if (Interlocked.CompareExchange(ref _reason, (int)CloneEnd.ClosedByReader, -1) < 0)
        {
            _ = _socket.TrySend(CloneMessage.Bye, default);
        }

        _socket.Shutdown();
        if (_watcher != Thread.CurrentThread)
        {
            _watcher?.Join();
        }

        _socket.Dispose();
    }

    private byte[] Receive(int longest, CloneMessage expected)
    {
        if (!_socket.TryReceive(longest, out CloneMessage type, out byte[] content))
        {
            throw Broken();
        }

        return type == expected ? content : throw (type switch
        {
            CloneMessage.Refused => CloneHello.ReadRefusal(content),
            CloneMessage.End => new CloneEndedException(ReadReason(content)),
            _ => (Exception)new CloneRefusedException(
                CloneRefusal.Protocol, $"the store has sent a message of type {(uint)type}"),
        });
    }

    // Nobody is asked anything any more, so what comes is the end.
    private CloneEnd ReceiveEnd()
    {
        CloneEnd reason = CloneEnd.StoreEnded;
        if (_socket.TryReceive(sizeof(uint), out CloneMessage type, out byte[] content)
            && type == CloneMessage.End)
        {
            reason = ReadReason(content);
        }

        Interlocked.CompareExchange(ref _reason, (int)reason, -1);
        _ended.Set();
        return Ended!.Value;
    }

    private static CloneEnd ReadReason(byte[] content)
    {
        var reason = content.Length == sizeof(uint)
            ? (CloneEnd)BinaryPrimitives.ReadUInt32LittleEndian(content)
            : CloneEnd.StoreEnded;
        return Enum.IsDefined(reason) ? reason : CloneEnd.StoreEnded;
    }

    private static CloneEndedException Broken() => new(CloneEnd.StoreEnded);

    private static CloneRefusedException Refusal(CloneAddress address, Exception failure) =>
        failure is SocketException { SocketErrorCode: SocketError.AccessDenied }
            ? new CloneRefusedException(
                CloneRefusal.OtherUser,
                $"the socket '{address.Socket}' is another user's",
                failure)
            : new CloneRefusedException(
                CloneRefusal.NotServed,
                $"nobody serves clones at '{address.Socket}' ({failure.Message}); the store must "
                + "be open, and by name with AllowClones",
                failure);
}
