using System.Buffers.Binary;
using FlashKV.Superpipe;

namespace FlashKV.SimBackend.Sharing;

/// <summary>
/// A connection to a server, seen from the client: one call at a time. Not synchronised.
/// </summary>
internal sealed unsafe class ClientConnection : IDisposable
{
    private readonly PacketSocket _socket;
    private readonly byte[] _request = new byte[AdapterProtocol.MaxRequestBytes];
    private readonly byte[] _reply = new byte[AdapterProtocol.MaxReplyBytes];
    private uint _sequence;

    private ClientConnection(PacketSocket socket) => _socket = socket;

    /// <summary>Whether it can be used: nothing has gone wrong on it.</summary>
    internal bool IsUsable { get; private set; } = true;

    /// <summary>Connects and says hello.</summary>
    internal static Errno Open(string path, out ClientConnection? connection)
    {
        connection = null;
        Errno errno = PacketSocket.Connect(path, out PacketSocket? socket);
        if (errno != Errno.None)
        {
            return errno;
        }

        ClientConnection opened = new(socket!);
        errno = opened.Hello();
        if (errno != Errno.None)
        {
            opened.Dispose();
            return errno;
        }

        connection = opened;
        return Errno.None;
    }

    /// <summary>Begins a request.</summary>
    internal MessageWriter Begin(MessageType type, MessageFlags flags = MessageFlags.None) =>
        new(_request, type, flags);

    /// <summary>Sends a request that is not answered.</summary>
    internal Errno Post(MessageWriter request)
    {
        Errno errno = _socket.Send(request.Finish());
        IsUsable &= errno == Errno.None;
        return errno;
    }

    /// <summary>Sends a request and waits for the reply.</summary>
    internal Errno Call(MessageWriter request, out MessageReader reply)
    {
        Errno errno = Call(request, out reply, out DescriptorHandle? passed);
        passed?.Dispose();
        return errno;
    }

    /// <summary>Sends a request and waits for the reply and its descriptor.</summary>
    /// <param name="request">The request, begun with <see cref="Begin"/>.</param>
    /// <param name="reply">The body of the reply; valid until the next call.</param>
    /// <param name="passed">The descriptor that came with it.</param>
    /// <returns>
    /// What the server answers; ENODEV when there is no server any more, which is to a client as if
    /// the adapter had been taken out.
    /// </returns>
    internal Errno Call(
        MessageWriter request, out MessageReader reply, out DescriptorHandle? passed)
    {
        const int SequenceOffset = 8;
        reply = default;
        passed = null;
        ReadOnlySpan<byte> message = request.Finish();
        BinaryPrimitives.WriteUInt32LittleEndian(
            _request.AsSpan(SequenceOffset), ++_sequence);
        if (_socket.Send(message) != Errno.None
            || _socket.Receive(_reply, out int length, out passed) != Errno.None
            || length > _reply.Length
            || !MessageReader.TryRead(_reply.AsSpan(0, length), out reply)
            || reply.Sequence != _sequence)
        {
            passed?.Dispose();
            passed = null;
            IsUsable = false;
            return Errno.NoDevice;
        }

        IsUsable = reply.Errno != SharingErrno.Protocol;
        return reply.Errno;
    }

    public void Dispose() => _socket.Dispose();

    private Errno Hello()
    {
        if (_socket.GetPeer(out PeerCredential peer) == Errno.None)
        {
            // Where the system lets only parents look into their children (Yama).
            _ = SocketCalls.ProcessControl(
                SocketCalls.SetPtracer, (nuint)peer.ProcessId, 0, 0, 0);
        }

        ulong proof = 0x464B_4144_0000_0001 ^ (ulong)Environment.ProcessId;
        MessageWriter request = Begin(MessageType.Hello);
        request.Add32(AdapterProtocol.Magic);
        request.Add32(AdapterProtocol.Version);
        request.Add64((ulong)&proof);
        request.Add64(proof);

        // SAFETY: the server reads the word, which is on this stack, before it answers.
        return Call(request, out _);
    }
}
