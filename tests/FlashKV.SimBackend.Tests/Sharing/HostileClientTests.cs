using FlashKV.SimBackend.Sharing;
using FlashKV.Superpipe;
using FlashKV.Superpipe.Abi;

namespace FlashKV.SimBackend.Tests.Sharing;

/// <summary>
/// Whatever comes over the socket, the server and its other clients go on, and nothing is left.
/// </summary>
public sealed class HostileClientTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Random_bytes_end_their_connection_at_most(int seed)
    {
        const int Connections = 30;
        const int Messages = 20;
        Random random = new(seed);
        using ServedHostFixture served = new();
        TestClient good = served.Attached();
        uint handle = good.OpenVirtual(1);
        for (int i = 0; i < Connections; i++)
        {
            using PacketSocket socket = Connect(served);
            if (random.Next(2) == 0)
            {
                SayHello(socket);
            }

            for (int j = 0; j < Messages; j++)
            {
                byte[] message = RandomMessage(random);
                if (socket.Send(message) != Errno.None)
                {
                    break;
                }
            }

            good.ExecuteGood(ScsiOpcode.Write16, handle, 3, 1, served.Data.Address);
        }

        served.CloseClients();
        served.WaitUntilNothingIsHeld();
    }

    [Theory]
    [InlineData(SubmissionMode.CommandRooms)]
    [InlineData(SubmissionMode.SubmissionQueue)]
    public void Random_register_writes_do_no_harm_to_others(SubmissionMode mode)
    {
        const int Seed = 11;
        const int Writes = 2_000;
        Random random = new(Seed);
        using ServedHostFixture served = new(mode);
        TestClient good = served.Attached();
        uint handle = good.OpenVirtual(1);
        TestClient bad = served.Attached();
        for (int i = 0; i < Writes; i++)
        {
            int offset = random.Next(0x80 / 8) * 8;
            ulong value = random.Next(3) switch
            {
                0 => (ulong)random.Next(4),
                1 => (ulong)served.Data.Address + (ulong)random.Next(0x1000),
                _ => (ulong)random.NextInt64(),
            };
            bad.Window.Write(offset, value);
            if (i % 100 == 0)
            {
                bad.Window.Read(random.Next(0x80 / 8) * 8);
                good.ExecuteGood(ScsiOpcode.Write16, handle, 3, 1, served.Data.Address + 0x8000);
            }
        }

        served.CloseClients();
        served.WaitUntilNothingIsHeld();
    }

    [Fact]
    public void A_request_before_hello_is_refused_and_ends_the_connection()
    {
        using ServedHostFixture served = new();
        using PacketSocket socket = Connect(served);
        MessageWriter request = new(new byte[64], MessageType.List);
        Assert.Equal(Errno.None, socket.Send(request.Finish()));
        Assert.Equal(SharingErrno.Protocol, ReceiveErrno(socket));
        AssertEnds(socket);
    }

    [Theory]
    [InlineData(0x1234u, AdapterProtocol.Version)]
    [InlineData(AdapterProtocol.Magic, 2u)]
    public void A_hello_of_another_protocol_is_refused(uint magic, uint version)
    {
        using ServedHostFixture served = new();
        using PacketSocket socket = Connect(served);
        MessageWriter request = new(new byte[64], MessageType.Hello);
        request.Add32(magic);
        request.Add32(version);
        request.Add64((ulong)served.Data.Address);
        request.Add64(0);
        Assert.Equal(Errno.None, socket.Send(request.Finish()));
        Assert.Equal(SharingErrno.Protocol, ReceiveErrno(socket));
        AssertEnds(socket);
    }

    [Fact]
    public void A_hello_whose_memory_cannot_be_read_is_not_permitted()
    {
        using ServedHostFixture served = new();
        using PacketSocket socket = Connect(served);
        MessageWriter request = new(new byte[64], MessageType.Hello);
        request.Add32(AdapterProtocol.Magic);
        request.Add32(AdapterProtocol.Version);
        request.Add64(0x1000);
        request.Add64(0);
        Assert.Equal(Errno.None, socket.Send(request.Finish()));
        Assert.Equal(Errno.NotPermitted, ReceiveErrno(socket));
    }

    [Theory]
    [InlineData((int)MessageType.Open, 8)]
    [InlineData((int)MessageType.Identify, 7)]
    [InlineData((int)MessageType.Identify, 9)]
    [InlineData((int)MessageType.Ioctl, 23)]
    [InlineData((int)MessageType.Map, 31)]
    [InlineData((int)MessageType.ReadRegister, 8)]
    [InlineData((int)MessageType.WriteRegister, 16)]
    [InlineData((int)MessageType.Wait, 23)]
    [InlineData((int)MessageType.Closing, 0)]
    [InlineData((int)MessageType.Closed, 16)]
    [InlineData((int)MessageType.Lookup, 7)]
    [InlineData((int)MessageType.List, 1)]
    [InlineData((int)MessageType.Control, 20)]
    [InlineData(99, 0)]
    [InlineData(0, 0)]
    public void A_body_of_the_wrong_length_is_refused(int type, int bodyBytes)
    {
        using ServedHostFixture served = new();
        using PacketSocket socket = Connect(served);
        SayHello(socket);
        MessageWriter request = new(new byte[64], (MessageType)type);
        request.AddBytes(new byte[bodyBytes]);
        Assert.Equal(Errno.None, socket.Send(request.Finish()));
        Assert.Equal(SharingErrno.Protocol, ReceiveErrno(socket));
        AssertEnds(socket);
    }

    [Fact]
    public void A_message_longer_than_any_ends_the_connection()
    {
        using ServedHostFixture served = new();
        using PacketSocket socket = Connect(served);
        SayHello(socket);
        Assert.Equal(Errno.None, socket.Send(new byte[AdapterProtocol.MaxRequestBytes + 1]));
        AssertEnds(socket);
    }

    [Fact]
    public void A_half_closed_connection_is_an_ended_one()
    {
        using ServedHostFixture served = new();
        using PacketSocket socket = Connect(served);
        SayHello(socket);
        socket.Shutdown(SocketCalls.ShutWriting);
        AssertEnds(socket);
        ServedHostFixture.WaitUntil(
            () => served.Server.ConnectionCount == 0, "the connection's end");
    }

    [Fact]
    public void Descriptors_sent_to_the_server_do_not_stay_there()
    {
        using ServedHostFixture served = new();
        using PacketSocket socket = Connect(served);
        SayHello(socket);
        Assert.Equal(Errno.None, PacketSocket.CreatePair(out PacketSocket? near, out var far));
        using (near)
        {
            MessageWriter request = new(new byte[64], MessageType.List);
            Assert.Equal(Errno.None, socket.Send(request.Finish(), far!.Descriptor));
            Assert.Equal(Errno.None, ReceiveErrno(socket));
            far.Dispose();

            // A process that another test starts has a copy between its fork and its exec.
            ServedHostFixture.WaitUntil(
                () => (near!.Look(0) & SocketCalls.PollHangUp) != 0, "the close of the last copy");
        }
    }

    [Fact]
    public void Connections_are_limited_and_the_rest_stays_usable()
    {
        using ServedHostFixture served = new();
        List<PacketSocket> sockets = [];
        for (int i = 0; i < AdapterProtocol.MaxConnections; i++)
        {
            sockets.Add(Connect(served));
        }

        ServedHostFixture.WaitUntil(
            () => served.Server.ConnectionCount == AdapterProtocol.MaxConnections,
            "all connections");
        using (PacketSocket oneTooMany = Connect(served))
        {
            AssertEnds(oneTooMany);
        }

        SayHello(sockets[0]);
        sockets.ForEach(socket => socket.Dispose());
        served.WaitUntilNothingIsHeld();
        served.Attached().Leave();
    }

    private static PacketSocket Connect(ServedHostFixture served)
    {
        Assert.Equal(
            Errno.None, PacketSocket.Connect(served.SocketPath, out PacketSocket? socket));
        return socket!;
    }

    private static unsafe void SayHello(PacketSocket socket)
    {
        ulong proof = 99;
        MessageWriter request = new(new byte[64], MessageType.Hello);
        request.Add32(AdapterProtocol.Magic);
        request.Add32(AdapterProtocol.Version);
        request.Add64((ulong)&proof);
        request.Add64(proof);
        Assert.Equal(Errno.None, socket.Send(request.Finish()));
        Assert.Equal(Errno.None, ReceiveErrno(socket));
    }

    private static Errno ReceiveErrno(PacketSocket socket)
    {
        byte[] reply = new byte[AdapterProtocol.MaxReplyBytes];
        Assert.Equal(Errno.None, socket.Receive(reply, out int length));
        Assert.True(MessageReader.TryRead(reply.AsSpan(0, length), out MessageReader reader));
        return reader.Errno;
    }

    private static void AssertEnds(PacketSocket socket)
    {
        Errno errno = socket.Receive(new byte[64], out int length);
        Assert.True(length == 0, $"a message of {length} bytes, {errno}");
    }

    private static byte[] RandomMessage(Random random)
    {
        byte[] message = new byte[random.Next(1, 200)];
        random.NextBytes(message);
        if (message.Length >= AdapterProtocol.HeaderBytes && random.Next(4) != 0)
        {
            // A header that passes, so that the bodies are met as well.
            BitConverter.TryWriteBytes(message, (ushort)random.Next(14));
            BitConverter.TryWriteBytes(message.AsSpan(2), (ushort)0);
            BitConverter.TryWriteBytes(message.AsSpan(4), message.Length);
            BitConverter.TryWriteBytes(message.AsSpan(12), 0);
        }

        return message;
    }
}
