using System.Buffers.Binary;
using System.Net.Sockets;
using System.Text;

namespace FlashKV.Clones;

/// <summary>
/// A connection between a store and the reader of a clone: messages with a type and a length. One
/// thread sends and one receives at a time.
/// </summary>
internal sealed class CloneSocket(Socket socket) : IDisposable
{
    public const uint ProtocolVersion = 1;

    /// <summary>The longest message; a view has 16 bytes for each segment.</summary>
    public const int MaxBytes = 1 << 30;

    private const int HeaderBytes = 2 * sizeof(uint);
    private const int SocketLevel = 1;
    private const int PeerCredentials = 17;
    private readonly Lock _sending = new();

    /// <summary>Makes a socket for clones.</summary>
    public static Socket Create() =>
        new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);

    /// <summary>The address of a path, or of a name that begins with "@".</summary>
    /// <exception cref="ArgumentException">It is too long for a socket.</exception>
    public static UnixDomainSocketEndPoint EndPointOf(string address) =>
        new(address.StartsWith('@') ? string.Concat("\0", address.AsSpan(1)) : address);

    /// <summary>The process and the user at the other end.</summary>
    public (int ProcessId, uint User) GetPeer()
    {
        const int UserOffset = sizeof(int);
        Span<byte> credentials = stackalloc byte[3 * sizeof(int)];
        _ = socket.GetRawSocketOption(SocketLevel, PeerCredentials, credentials);
        return (BinaryPrimitives.ReadInt32LittleEndian(credentials),
            BinaryPrimitives.ReadUInt32LittleEndian(credentials[UserOffset..]));
    }

    /// <summary>Sends a message; false if the other side has gone.</summary>
    public bool TrySend(CloneMessage type, ReadOnlySpan<byte> content)
    {
        Span<byte> header = stackalloc byte[HeaderBytes];
        BinaryPrimitives.WriteUInt32LittleEndian(header, (uint)type);
        BinaryPrimitives.WriteInt32LittleEndian(header[sizeof(uint)..], content.Length);
        try
        {
            lock (_sending)
            {
                SendAll(header);
                SendAll(content);
            }

            return true;
        }
        catch (Exception failure) when (IsEnd(failure))
        {
            return false;
        }
    }

    /// <summary>Sends a message and says it is the last one; does not wait for anything.</summary>
    public void SendLast(CloneMessage type, ReadOnlySpan<byte> content)
    {
        Span<byte> message = stackalloc byte[HeaderBytes + sizeof(uint)];
        message = message[..(HeaderBytes + content.Length)];
        BinaryPrimitives.WriteUInt32LittleEndian(message, (uint)type);
        BinaryPrimitives.WriteInt32LittleEndian(message[sizeof(uint)..], content.Length);
        content.CopyTo(message[HeaderBytes..]);

        // Not in the middle of another message: then the end of the connection must do.
        if (_sending.TryEnter())
        {
            try
            {
                socket.Blocking = false;
                _ = socket.Send(message);
            }
            catch (Exception failure) when (IsEnd(failure))
            {
                // The other side has gone, or does not look.
            }
            finally
            {
                _sending.Exit();
            }
        }

        Shutdown();
    }

    /// <summary>Receives a message; false at the end of the connection.</summary>
    /// <param name="longest">The longest content that is accepted.</param>
    /// <param name="type">The type of the message.</param>
    /// <param name="content">Its content.</param>
    public bool TryReceive(int longest, out CloneMessage type, out byte[] content)
    {
        type = default;
        content = [];
        Span<byte> header = stackalloc byte[HeaderBytes];
        try
        {
            if (!TryReceiveAll(header))
            {
                return false;
            }

            type = (CloneMessage)BinaryPrimitives.ReadUInt32LittleEndian(header);
            int length = BinaryPrimitives.ReadInt32LittleEndian(header[sizeof(uint)..]);
            if (length < 0 || length > longest)
            {
                return false;
            }

            content = new byte[length];
            return TryReceiveAll(content);
        }
        catch (Exception failure) when (IsEnd(failure))
        {
            return false;
        }
    }

    /// <summary>Ends the connection if nothing is received for so long; 0 for no limit.</summary>
    public void LimitReceiving(int milliseconds) => socket.ReceiveTimeout = milliseconds;

    /// <summary>Whether something was received, or the other side has gone.</summary>
    public bool HasNews()
    {
        try
        {
            return socket.Poll(0, SelectMode.SelectRead);
        }
        catch (Exception failure) when (IsEnd(failure))
        {
            return true;
        }
    }

    /// <summary>Ends the connection: who receives comes back.</summary>
    public void Shutdown()
    {
        try
        {
            socket.Shutdown(SocketShutdown.Both);
        }
        catch (Exception failure) when (IsEnd(failure))
        {
        }
    }

    public void Dispose() => socket.Dispose();

    /// <summary>The text of a content.</summary>
    public static string TextOf(ReadOnlySpan<byte> content) => Encoding.UTF8.GetString(content);

    private static bool IsEnd(Exception failure) =>
        failure is SocketException or ObjectDisposedException;

    private void SendAll(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            bytes = bytes[socket.Send(bytes)..];
        }
    }

    private bool TryReceiveAll(Span<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            int received = socket.Receive(bytes);
            if (received == 0)
            {
                return false;
            }

            bytes = bytes[received..];
        }

        return true;
    }
}
