using System.Text;
using FlashKV.SimBackend.Afu;
using FlashKV.Superpipe;

namespace FlashKV.SimBackend.Sharing;

/// <summary>
/// One connection of a client, served by a thread of its own: a request, its reply, the next one.
/// </summary>
/// <remarks>
/// Nothing that the other side sends can do more than end its own connection. Commands that a
/// doorbell announces are executed when no further request is waiting, so that neighbours come
/// together.
/// </remarks>
internal sealed partial class ServerConnection : IDisposable
{
    private const int ReplyBytes = AdapterProtocol.MaxRequestBytes;
    private const int MaxDeferredDoorbells = 256;

    private readonly ServedMachine _machine;
    private readonly PacketSocket _socket;
    private readonly byte[] _request = new byte[AdapterProtocol.MaxRequestBytes];
    private readonly byte[] _reply = new byte[ReplyBytes];
    private ClientProcess? _process;
    private SharedFile? _closing;
    private ServedContext? _rung;
    private int _deferred;

    internal ServerConnection(ServedMachine machine, PacketSocket socket)
    {
        _machine = machine;
        _socket = socket;
    }

    private ClientRegistry Registry => _machine.Registry;

    /// <summary>Serves until the other side ends, or does not keep to the protocol.</summary>
    internal void Run()
    {
        try
        {
            while (TryReceive(out int length) && Handle(_request.AsSpan(0, length)))
            {
            }

            Drive();
        }
        finally
        {
            Leave();
        }
    }

    /// <summary>Ends the connection from outside; <see cref="Run"/> comes back.</summary>
    internal void Stop() => _socket.Shutdown(SocketCalls.ShutBoth);

    public void Dispose() => _socket.Dispose();

    private bool TryReceive(out int length)
    {
        Errno errno = Errno.TryAgain;
        length = 0;
        if (_rung is not null && _deferred < MaxDeferredDoorbells)
        {
            errno = _socket.Receive(_request, out length, mayWait: false);
        }

        if (errno == Errno.TryAgain)
        {
            Drive();
            errno = _socket.Receive(_request, out length);
        }

        return errno == Errno.None && length is > 0 and <= AdapterProtocol.MaxRequestBytes;
    }

    private void Drive()
    {
        _rung?.Drive();
        _rung = null;
        _deferred = 0;
    }

    private void Leave()
    {
        if (_closing is { } closing)
        {
            Registry.UnmarkClosing(closing, closer: null);
        }

        if (_process is { } process)
        {
            Registry.Leave(process);
        }
    }

    // Says whether the connection goes on.
    private bool Handle(ReadOnlySpan<byte> message)
    {
        if (!MessageReader.TryRead(message, out MessageReader request)
            || request.Errno != Errno.None
            || !AreFlagsOf(request.Type, request.Flags))
        {
            return Refuse(in request);
        }

        return request.Type == MessageType.Hello ? Hello(request)
            : _process is null ? Refuse(in request)
            : !IsServed(request.Type) ? Answer(in request, Errno.NotPermitted)
            : Handle(request);
    }

    private bool Handle(MessageReader request) => request.Type switch
    {
        MessageType.Open => Open(request),
        MessageType.Identify => Identify(request),
        MessageType.Ioctl => Ioctl(request),
        MessageType.Map => Map(request),
        MessageType.ReadRegister => ReadRegister(request),
        MessageType.WriteRegister => WriteRegister(request),
        MessageType.Wait => Wait(request),
        MessageType.Closing => Closing(request),
        MessageType.Closed => Closed(request),
        MessageType.Lookup => Lookup(request),
        MessageType.List => List(request),
        MessageType.Control => Control(request),
        MessageType.Medium => Medium(request),
        MessageType.Translate => Translate(request),
        _ => Refuse(in request),
    };

    private static bool AreFlagsOf(MessageType type, MessageFlags flags) => type switch
    {
        MessageType.WriteRegister => (flags & ~MessageFlags.NoReply) == 0,
        MessageType.Ioctl => (flags & ~MessageFlags.Inline) == 0,
        _ => flags == MessageFlags.None,
    };

    private bool Hello(MessageReader request)
    {
        uint magic = request.Take32();
        uint version = request.Take32();
        ulong address = request.Take64();
        ulong expected = request.Take64();
        if (!request.IsWhole || _process is not null
            || magic != AdapterProtocol.Magic || version != AdapterProtocol.Version)
        {
            return Refuse(in request);
        }

        Errno errno = Admit(address, expected);
        if (errno != Errno.None)
        {
            return Answer(in request, errno) && false;
        }

        MessageWriter reply = Reply(in request);
        reply.Add32(AdapterProtocol.Version);
        reply.Add32((uint)Environment.ProcessId);
        reply.Add32(_machine.RegisterModes);
        reply.Add32(0);
        return Send(reply);
    }

    private Errno Admit(ulong address, ulong expected)
    {
        const uint Root = 0;
        if (_socket.GetPeer(out PeerCredential peer) != Errno.None || peer.ProcessId <= 0
            || (peer.User != Root && peer.User != SocketCalls.EffectiveUser()))
        {
            return Errno.AccessDenied;
        }

        // Whoever has an AFU of its own is not looked into.
        Span<byte> found = stackalloc byte[sizeof(ulong)];
        if (!_machine.ServesClonesOnly && (!ProcessVm.TryRead(peer.ProcessId, address, found)
            || BitConverter.ToUInt64(found) != expected))
        {
            return Errno.NotPermitted;
        }

        _process = Registry.Enter(peer.ProcessId);
        return _process is null ? Errno.NotPermitted : Errno.None;
    }

    private MessageWriter Reply(in MessageReader request, int descriptors = 0) =>
        MessageWriter.Reply(_reply, in request, Errno.None, descriptors);

    private bool Send(MessageWriter reply) => _socket.Send(reply.Finish()) == Errno.None;

    private bool Send(MessageWriter reply, DescriptorHandle passed) =>
        _socket.Send(reply.Finish(), passed) == Errno.None;

    private bool Answer(in MessageReader request, Errno errno) =>
        Send(MessageWriter.Reply(_reply, in request, errno));

    private bool Refuse(in MessageReader request) =>
        Answer(in request, SharingErrno.Protocol) && false;

    // A text or a list of bytes with its length before it, which may be long.
    private bool SendLong(in MessageReader request, ReadOnlySpan<byte> content)
    {
        const int FixedBytes = AdapterProtocol.HeaderBytes + (2 * sizeof(uint));
        int length = Math.Min(content.Length, AdapterProtocol.MaxReplyBytes - FixedBytes);
        byte[] buffer = length <= ReplyBytes - FixedBytes ? _reply : new byte[FixedBytes + length];
        MessageWriter reply = MessageWriter.Reply(buffer, in request, Errno.None);
        reply.Add32((uint)length);
        reply.Add32(0);
        reply.AddBytes(content[..length]);
        return Send(reply);
    }

    private static bool TryDecodePath(ReadOnlySpan<byte> bytes, int longest, out string path)
    {
        path = "";
        if (bytes.IsEmpty || bytes.Length > longest || bytes.Contains((byte)0))
        {
            return false;
        }

        path = Encoding.UTF8.GetString(bytes);
        return true;
    }
}
