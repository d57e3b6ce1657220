using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using FlashKV.Superpipe;

namespace FlashKV.SimBackend.Sharing;

/// <summary>
/// A Unix socket whose messages keep their bounds (SOCK_SEQPACKET), and which can carry a
/// descriptor with a message.
/// </summary>
internal sealed unsafe class PacketSocket : IDisposable
{
    private const int AddressBytes = 110;
    private const char NameMark = '@';
    private const int Failed = -1;

    internal PacketSocket(DescriptorHandle descriptor) => Descriptor = descriptor;

    /// <summary>The socket.</summary>
    internal DescriptorHandle Descriptor { get; }

    /// <summary>Connects to a path.</summary>
    /// <returns>ENOENT without a socket there, ECONNREFUSED when nobody listens.</returns>
    internal static Errno Connect(string path, out PacketSocket? socket)
    {
        socket = null;
        Errno errno = Create(out PacketSocket? created);
        if (errno != Errno.None)
        {
            return errno;
        }

        byte* address = stackalloc byte[AddressBytes];
        int length = WriteAddress(path, new Span<byte>(address, AddressBytes));
        while (SocketCalls.Connect(created!.Descriptor, address, length) == Failed)
        {
            errno = LastErrno();
            if (errno != Errno.Interrupted)
            {
                created.Dispose();
                return errno;
            }
        }

        socket = created;
        return Errno.None;
    }

    /// <summary>
    /// Listens at a path that does not exist, for this user alone, or at a name.
    /// </summary>
    internal static Errno Listen(string path, int backlog, out PacketSocket? socket)
    {
        const uint OwnerOnly = 0x180;
        socket = null;
        Errno errno = Create(out PacketSocket? created);
        if (errno != Errno.None)
        {
            return errno;
        }

        byte* address = stackalloc byte[AddressBytes];
        int length = WriteAddress(path, new Span<byte>(address, AddressBytes));

        // Nobody can connect between bind and listen, so the mode is right in time.
        if (SocketCalls.Bind(created!.Descriptor, address, length) == Failed
            || (!IsName(path) && SocketCalls.ChangeMode(path, OwnerOnly) == Failed)
            || SocketCalls.Listen(created.Descriptor, backlog) == Failed)
        {
            errno = LastErrno();
            created.Dispose();
            return errno;
        }

        socket = created;
        return Errno.None;
    }

    /// <summary>Makes two sockets that are connected with each other.</summary>
    internal static Errno CreatePair(out PacketSocket? near, out PacketSocket? far)
    {
        (near, far) = (null, null);
        int* pair = stackalloc int[2];
        if (SocketCalls.SocketPair(
            SocketCalls.Unix, SocketCalls.SequencedPackets | SocketCalls.CloseOnExecute, 0, pair)
            == Failed)
        {
            return LastErrno();
        }

        near = new PacketSocket(new DescriptorHandle(pair[0]));
        far = new PacketSocket(new DescriptorHandle(pair[1]));
        return Errno.None;
    }

    /// <summary>
    /// Whether this is a name that the system keeps (an abstract address) and no path.
    /// </summary>
    internal static bool IsName(string path) => path.StartsWith(NameMark);

    /// <summary>Whether a path is short enough for a socket.</summary>
    internal static bool IsPathShortEnough(string path) =>
        Encoding.UTF8.GetByteCount(path) <= AdapterProtocol.MaxSocketPathBytes;

    /// <summary>Waits for a connection.</summary>
    internal Errno Accept(out PacketSocket? socket)
    {
        int accepted;
        do
        {
            accepted = SocketCalls.Accept(Descriptor, null, null, SocketCalls.CloseOnExecute);
        }
        while (accepted == Failed && LastErrno() == Errno.Interrupted);

        socket = accepted == Failed ? null : new PacketSocket(new DescriptorHandle(accepted));
        return accepted == Failed ? LastErrno() : Errno.None;
    }

    /// <summary>Sends a message.</summary>
    /// <param name="message">The message.</param>
    /// <param name="mayWait">Whether to wait while the other side's queue is full.</param>
    internal Errno Send(ReadOnlySpan<byte> message, bool mayWait = true)
    {
        int flags = SocketCalls.NoSignal | (mayWait ? 0 : SocketCalls.DoNotWait);

        // SAFETY: the message is pinned for the call, which is told its length.
        fixed (byte* bytes = message)
        {
            while (SocketCalls.Send(Descriptor, bytes, (nuint)message.Length, flags) == Failed)
            {
                Errno errno = LastErrno();
                if (errno != Errno.Interrupted)
                {
                    return errno;
                }
            }
        }

        return Errno.None;
    }

    /// <summary>Sends a message with a descriptor, of which the other side gets a copy.</summary>
    internal Errno Send(ReadOnlySpan<byte> message, DescriptorHandle passed)
    {
        RightsHeader rights = new()
        {
            Length = RightsHeader.LengthInBytes,
            Level = SocketCalls.SocketLevel,
            Type = SocketCalls.Rights,
            Descriptor = passed.Number,
        };

        // SAFETY: everything that the header points to is on this stack or pinned.
        fixed (byte* bytes = message)
        {
            IoVector vector = new() { Address = (nint)bytes, Length = (nuint)message.Length };
            MessageHeader header = new()
            {
                Vectors = &vector,
                VectorCount = 1,
                Control = (byte*)&rights,
                ControlLength = RightsHeader.SizeInBytes,
            };
            while (SocketCalls.SendMessage(Descriptor, &header, SocketCalls.NoSignal) == Failed)
            {
                Errno errno = LastErrno();
                if (errno != Errno.Interrupted)
                {
                    return errno;
                }
            }
        }

        GC.KeepAlive(passed);
        return Errno.None;
    }

    /// <summary>Receives a message; descriptors that come with it are closed by the system.</summary>
    /// <param name="buffer">Where it goes.</param>
    /// <param name="length">
    /// Its length, which may be more than the buffer's: then it was cut. 0 at the end.
    /// </param>
    /// <param name="mayWait">Whether to wait for one.</param>
    internal Errno Receive(Span<byte> buffer, out int length, bool mayWait = true)
    {
        int flags = SocketCalls.TruncatedLength | (mayWait ? 0 : SocketCalls.DoNotWait);

        // SAFETY: the buffer is pinned for the call, which is told its length.
        fixed (byte* bytes = buffer)
        {
            nint received;
            do
            {
                received = SocketCalls.Receive(Descriptor, bytes, (nuint)buffer.Length, flags);
            }
            while (received == Failed && LastErrno() == Errno.Interrupted);

            length = received == Failed ? 0 : (int)received;
            return received == Failed ? LastErrno() : Errno.None;
        }
    }

    /// <summary>Looks at the beginning of the next message and leaves it there.</summary>
    internal Errno Peek(Span<byte> buffer, out int length)
    {
        fixed (byte* bytes = buffer)
        {
            nint received = SocketCalls.Receive(
                Descriptor, bytes, (nuint)buffer.Length, SocketCalls.Peek | SocketCalls.DoNotWait);
            length = received == Failed ? 0 : (int)received;
            return received == Failed ? LastErrno() : Errno.None;
        }
    }

    /// <summary>Makes another descriptor of the same socket.</summary>
    internal Errno Duplicate(out PacketSocket? copy)
    {
        int duplicate = SocketCalls.Control(
            Descriptor.Number, SocketCalls.DuplicateCloseOnExecute, 0);
        copy = duplicate == Failed ? null : new PacketSocket(new DescriptorHandle(duplicate));
        return duplicate == Failed ? LastErrno() : Errno.None;
    }

    /// <summary>Receives a message and the descriptor that may come with it.</summary>
    internal Errno Receive(Span<byte> buffer, out int length, out DescriptorHandle? passed)
    {
        RightsHeader rights = default;
        passed = null;

        // SAFETY: everything that the header points to is on this stack or pinned.
        fixed (byte* bytes = buffer)
        {
            IoVector vector = new() { Address = (nint)bytes, Length = (nuint)buffer.Length };
            MessageHeader header = new()
            {
                Vectors = &vector,
                VectorCount = 1,
                Control = (byte*)&rights,
                ControlLength = RightsHeader.SizeInBytes,
            };
            nint received;
            do
            {
                received = SocketCalls.ReceiveMessage(
                    Descriptor,
                    &header,
                    SocketCalls.TruncatedLength | SocketCalls.ReceivedCloseOnExecute);
            }
            while (received == Failed && LastErrno() == Errno.Interrupted);

            length = received == Failed ? 0 : (int)received;
            if (received == Failed)
            {
                return LastErrno();
            }

            bool hasRights = header.ControlLength >= RightsHeader.LengthInBytes
                && rights is { Level: SocketCalls.SocketLevel, Type: SocketCalls.Rights };
            passed = hasRights ? new DescriptorHandle(rights.Descriptor) : null;
            return Errno.None;
        }
    }

    /// <summary>What is true of the socket at this moment, of the given poll bits.</summary>
    /// <returns>The bits, and a hang-up in any case; only that of a socket disposed of.</returns>
    internal short Look(short events) => Poll(events, timeoutMilliseconds: 0);

    /// <summary>Waits until one of the given poll bits is true.</summary>
    internal short Poll(short events, int timeoutMilliseconds)
    {
        bool isHeld = false;
        try
        {
            Descriptor.DangerousAddRef(ref isHeld);
            PollEntry entry = new() { Descriptor = Descriptor.Number, Events = events };
            return SocketCalls.Poll(&entry, 1, timeoutMilliseconds) > 0
                ? entry.ReturnedEvents : (short)0;
        }
        catch (ObjectDisposedException)
        {
            return SocketCalls.PollHangUp;
        }
        finally
        {
            if (isHeld)
            {
                Descriptor.DangerousRelease();
            }
        }
    }

    /// <summary>Ends a direction, or both. Threads that wait in a call come back.</summary>
    internal void Shutdown(int how)
    {
        try
        {
            _ = SocketCalls.Shutdown(Descriptor, how);
        }
        catch (ObjectDisposedException)
        {
            // It has ended already.
        }
    }

    /// <summary>Makes the send queue as small as the system allows.</summary>
    internal void MakeSendQueueSmall()
    {
        int least = 1;
        _ = SocketCalls.SetOption(
            Descriptor, SocketCalls.SocketLevel, SocketCalls.SendBuffer, &least, sizeof(int));
    }

    /// <summary>Who is at the other end.</summary>
    internal Errno GetPeer(out PeerCredential peer)
    {
        peer = default;
        int length = Unsafe.SizeOf<PeerCredential>();
        fixed (PeerCredential* value = &peer)
        {
            return SocketCalls.GetOption(
                Descriptor, SocketCalls.SocketLevel, SocketCalls.PeerCredentials, value, &length)
                == Failed ? LastErrno() : Errno.None;
        }
    }

    public void Dispose() => Descriptor.Dispose();

    private static Errno Create(out PacketSocket? socket)
    {
        int created = SocketCalls.Socket(
            SocketCalls.Unix, SocketCalls.SequencedPackets | SocketCalls.CloseOnExecute, 0);
        socket = created == Failed ? null : new PacketSocket(new DescriptorHandle(created));
        return created == Failed ? LastErrno() : Errno.None;
    }

    // struct sockaddr_un: the family in 16 bits of host order, then the path with its NUL; or a NUL
    // and the name without one.
    private static int WriteAddress(string path, Span<byte> address)
    {
        Debug.Assert(IsPathShortEnough(path), "checked by who takes a path");
        address.Clear();
        MemoryMarshal.Write(address, (ushort)SocketCalls.Unix);
        int end = sizeof(ushort) + Encoding.UTF8.GetBytes(path, address[sizeof(ushort)..]);
        if (!IsName(path))
        {
            return end + 1;
        }

        address[sizeof(ushort)] = 0;
        return end;
    }

    private static Errno LastErrno() => (Errno)Marshal.GetLastPInvokeError();
}
