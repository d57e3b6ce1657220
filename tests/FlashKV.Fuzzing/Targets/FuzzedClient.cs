using System.Buffers.Binary;
using FlashKV.SimBackend.Sharing;
using FlashKV.Simulation.Fuzzing;
using FlashKV.Superpipe;

namespace FlashKV.Fuzzing.Targets;

/// <summary>
/// A client that sends what choices say: requests of every type as they should be, with files and
/// contexts that it was given, of which some are then changed, with or without a descriptor.
/// </summary>
internal sealed class FuzzedClient : IDisposable
{
    private const int MostMessages = 24;
    private const int ValueOffset = 32;
    private const int AddressOffset = 32;
    private const int MillisecondsOffset = 32;
    private const int MostMilliseconds = 2;

    private readonly byte[] _reply = new byte[AdapterProtocol.MaxReplyBytes];
    private readonly List<DescriptorHandle> _descriptors = [];
    private readonly PacketSocket _socket;
    private readonly GuardedMemory _memory;
    private readonly ChoiceBytes _choices;
    private readonly RequestMaker _maker;

    public FuzzedClient(string path, GuardedMemory memory, ChoiceBytes choices)
    {
        FuzzFailure.Unless(
            PacketSocket.Connect(path, out PacketSocket? socket) == Errno.None,
            "the server takes no connection");
        _socket = socket!;
        _memory = memory;
        _choices = choices;
        _maker = new RequestMaker(memory, choices);
    }

    /// <summary>Sends until the choices are spent, or the server has had enough.</summary>
    public void Run()
    {
        bool goesOn = true;
        foreach (byte[] request in _maker.Prelude(_choices.Next(6)))
        {
            goesOn = goesOn && Send(request, default);
        }

        for (int i = 0; goesOn && i < MostMessages && !_choices.IsSpent; i++)
        {
            byte[] request = _maker.Make();
            int how = _choices.Next(8);
            bool isChanged = how < 4;
            request = !isChanged ? request : how == 0
                ? ByteMutator.Resize(request, _maker.Make(), _choices)
                : Changed(request, how);
            Tame(request);
            goesOn = Send(request, _choices.Next(6) == 0 ? AnyDescriptor() : null);
        }
    }

    public void Dispose()
    {
        _socket.Dispose();
        _descriptors.ForEach(static descriptor => descriptor.Dispose());
    }

    // Mostly the header is left as it is, so that the body is looked at.
    private byte[] Changed(byte[] request, int how)
    {
        int start = how == 1 ? 0 : AdapterProtocol.HeaderBytes;
        ByteMutator.Mutate(request.AsSpan(Math.Min(start, request.Length)), _choices);
        return request;
    }

    // What the server may write to by its own right must be nothing of this process.
    private void Tame(Span<byte> request)
    {
        if (request.Length < AddressOffset + sizeof(ulong))
        {
            return;
        }

        MessageType type = (MessageType)BinaryPrimitives.ReadUInt16LittleEndian(request);
        if (type is MessageType.Ioctl or MessageType.WriteRegister)
        {
            ulong value = BinaryPrimitives.ReadUInt64LittleEndian(request[ValueOffset..]);
            BinaryPrimitives.WriteUInt64LittleEndian(
                request[ValueOffset..], _memory.Tame(value));
        }
        else if (type == MessageType.Wait
            && BinaryPrimitives.ReadUInt32LittleEndian(request[MillisecondsOffset..])
                is > MostMilliseconds and <= AdapterProtocol.MaxWaitMilliseconds)
        {
            // Nothing is gained by waiting.
            BinaryPrimitives.WriteUInt32LittleEndian(
                request[MillisecondsOffset..], MostMilliseconds);
        }
    }

    private bool Send(byte[] request, DescriptorHandle? descriptor)
    {
        Errno errno = descriptor is null
            ? _socket.Send(request) : _socket.Send(request, descriptor);
        return errno == Errno.None && (!IsAnswered(request) || Receive(request));
    }

    private bool Receive(ReadOnlySpan<byte> request)
    {
        if (_socket.Receive(_reply, out int length, out DescriptorHandle? passed) != Errno.None
            || length == 0)
        {
            return false;
        }

        if (passed is not null)
        {
            _descriptors.Add(passed);
        }

        bool isWhole = MessageReader.TryRead(
            _reply.AsSpan(0, Math.Min(length, _reply.Length)), out MessageReader reply);
        FuzzFailure.Unless(isWhole && length <= _reply.Length, "a reply is not whole");
        _maker.Learn(request, reply);
        return reply.Errno != SharingErrno.Protocol;
    }

    // A register is written without a reply only if everything about the message is right.
    private static bool IsAnswered(ReadOnlySpan<byte> request)
    {
        const int RegisterBytes = 40;
        const int NoReply = (ushort)MessageFlags.NoReply;
        return request.Length != RegisterBytes
            || BinaryPrimitives.ReadUInt16LittleEndian(request)
                != (ushort)MessageType.WriteRegister
            || BinaryPrimitives.ReadUInt16LittleEndian(request[2..]) != NoReply
            || BinaryPrimitives.ReadInt32LittleEndian(request[4..]) != RegisterBytes
            || BinaryPrimitives.ReadUInt32LittleEndian(request[12..]) != 0
            || BinaryPrimitives.ReadUInt32LittleEndian(request[28..]) != 0;
    }

    private DescriptorHandle? AnyDescriptor() => _choices.Next(2) == 0 || _descriptors.Count == 0
        ? _socket.Descriptor
        : _descriptors[_choices.Next(_descriptors.Count)];
}
