using System.Buffers.Binary;
using System.Text;
using FlashKV.SimBackend.Afu;
using FlashKV.SimBackend.Sharing;
using FlashKV.Superpipe;
using FlashKV.Superpipe.Abi;

namespace FlashKV.Fuzzing.Targets;

/// <summary>
/// Makes requests of the adapter protocol as they should be, from choices, with the files, contexts
/// and handles that earlier replies have given.
/// </summary>
internal sealed class RequestMaker
{
    private const int ArgumentPlace = 0x1000;
    private const int CommandPlace = 0x2000;
    private const int RingPlace = 0x8000;
    private const int DataPlace = 0x20000;
    private const int ContextOffset = 32;
    private const ulong Proof = 0x1234_5678_9ABC_DEF1;

    private static readonly MessageType[] s_types = Enum.GetValues<MessageType>();

    private static readonly uint[] s_ioctls =
    [
        IoctlRequest.Attach, IoctlRequest.UserDirect, IoctlRequest.Release, IoctlRequest.Detach,
        IoctlRequest.Verify, IoctlRequest.RecoverAfu, IoctlRequest.ManageLun,
        IoctlRequest.UserVirtual, IoctlRequest.VlunResize, IoctlRequest.VlunClone,
        IoctlRequest.AfuDebug, IoctlRequest.LunProvision, ScsiGeneric.Request, 0x1234,
    ];

    private static readonly string[] s_paths =
    [
        "/dev/sg0", "/dev/cxlflash/cxlflash0", "/dev", "/sys/class/scsi_generic/sg0",
        "/sys/class/scsi_host", "/sys/devices/flashkv/adapter0", "/dev/../dev/sg0", "/sys/dev/char",
    ];

    private readonly byte[] _buffer = new byte[AdapterProtocol.MaxRequestBytes];
    private readonly List<ulong> _files = [];
    private readonly GuardedMemory _memory;
    private readonly Random _choices;
    private ulong _contextFile;
    private ulong _context;
    private ulong _handle;

    public RequestMaker(GuardedMemory memory, Random choices)
    {
        _memory = memory;
        _choices = choices;
        memory.Bytes[..DataPlace].Clear();
        BinaryPrimitives.WriteUInt64LittleEndian(memory.Bytes, Proof);
    }

    /// <summary>
    /// Requests that bring a connection so far: 0 nothing, 1 hello, 2 a device, 3 a context, 4 its
    /// rings, 5 a LUN. Each is made once the one before it was answered.
    /// </summary>
    public IEnumerable<byte[]> Prelude(int stage)
    {
        if (stage > 0)
        {
            yield return Hello();
        }

        if (stage > 1)
        {
            yield return Open(s_paths[0]);
        }

        if (stage > 2)
        {
            yield return Ioctl(IoctlRequest.Attach, isInline: true);
        }

        for (int i = 0; stage > 3 && i < 5; i++)
        {
            yield return Register(MessageType.WriteRegister, Rings[i].Register, Rings[i].Value);
        }

        if (stage > 4)
        {
            yield return Ioctl(IoctlRequest.UserVirtual, isInline: true);
        }
    }

    /// <summary>Makes a request.</summary>
    public byte[] Make()
    {
        MessageType type = s_types[_choices.Next(s_types.Length)];
        switch (type)
        {
            case MessageType.Hello:
                return Hello();
            case MessageType.Open:
                return Open(AnyPath());
            case MessageType.Lookup:
                return Lookup(AnyPath());
            case MessageType.Ioctl:
                return Ioctl(s_ioctls[_choices.Next(s_ioctls.Length)], _choices.Next(3) != 0);
            case MessageType.ReadRegister:
                return Register(type, _choices.Next(16) * sizeof(ulong), null);
            case MessageType.WriteRegister:
                return WriteRegister();
            case MessageType.Control:
                return Control();
            default:
                return OfFile(type);
        }
    }

    /// <summary>Takes what a reply says.</summary>
    public void Learn(ReadOnlySpan<byte> request, MessageReader reply)
    {
        if (reply.Errno != Errno.None || reply.Type == default)
        {
            return;
        }

        MessageType type = (MessageType)BinaryPrimitives.ReadUInt16LittleEndian(request);
        if (type == MessageType.Open)
        {
            _files.Add(reply.Take64());
        }
        else if (type == MessageType.Ioctl)
        {
            ulong made = reply.Take64();
            _contextFile = made == 0 ? _contextFile : made;
            _ = reply.Take32();
            ReadOnlySpan<byte> argument = reply.TakeBytes(reply.Take32());
            LearnArgument(BinaryPrimitives.ReadUInt32LittleEndian(request[24..]), argument);
        }
    }

    private (int Register, ulong Value)[] Rings =>
    [
        (SislHostMap.RrqStart, _memory.Address + RingPlace),
        (SislHostMap.RrqEnd, _memory.Address + RingPlace + 504),
        (SislHostMap.SqStart, _memory.Address + RingPlace + 0x1000),
        (SislHostMap.SqEnd, _memory.Address + RingPlace + 0x1000 + (63 * 64)),
        (SislHostMap.CtxCtrl, 1),
        (SislHostMap.IntrMask, ~0x1FUL),
        (SislHostMap.SqCtxReset, 1),
        (SislHostMap.EndianCtrl, SislHostMap.EndianBig),
        (SislHostMap.IntrClear, ulong.MaxValue),
    ];

    private void LearnArgument(uint number, ReadOnlySpan<byte> argument)
    {
        const int RsrcOffset = 40;
        if (number == IoctlRequest.Attach && argument.Length > ContextOffset + sizeof(ulong))
        {
            _context = BinaryPrimitives.ReadUInt64LittleEndian(argument[ContextOffset..]);
        }
        else if (number == IoctlRequest.UserVirtual && argument.Length > RsrcOffset + sizeof(ulong))
        {
            _handle = BinaryPrimitives.ReadUInt64LittleEndian(argument[RsrcOffset..]);
        }
    }

    private string AnyPath() => s_paths[_choices.Next(s_paths.Length)];

    private ulong AnyFile() => _contextFile != 0 && _choices.Next(3) == 0 ? _contextFile
        : _files.Count == 0 ? (ulong)_choices.Next(256) : _files[_choices.Next(_files.Count)];

    private byte[] Hello()
    {
        MessageWriter request = Begin(MessageType.Hello);
        request.Add32(AdapterProtocol.Magic);
        request.Add32(AdapterProtocol.Version);
        request.Add64(_memory.Address);
        request.Add64(Proof);
        return request.Finish().ToArray();
    }

    private byte[] Open(string path)
    {
        byte[] name = Encoding.UTF8.GetBytes(path);
        MessageWriter request = Begin(MessageType.Open);
        request.Add32((uint)DeviceAccess.ReadWrite);
        request.Add32((uint)name.Length);
        request.AddBytes(name);
        return request.Finish().ToArray();
    }

    private byte[] Lookup(string path)
    {
        byte[] name = Encoding.UTF8.GetBytes(path);
        MessageWriter request = Begin(MessageType.Lookup);
        request.Add32((uint)name.Length);
        request.Add32(0);
        request.AddBytes(name);
        return request.Finish().ToArray();
    }

    private byte[] Ioctl(uint number, bool isInline)
    {
        byte[] argument = Argument(number);
        MessageWriter request =
            Begin(MessageType.Ioctl, isInline ? MessageFlags.Inline : MessageFlags.None);
        request.Add64(_files.Count == 0 ? 0 : _files[^1]);
        request.Add32(number);
        request.Add32(isInline ? (uint)argument.Length : 0);
        request.Add64(isInline ? 0 : _memory.Address + ArgumentPlace);
        if (isInline)
        {
            request.AddBytes(argument);
        }

        argument.CopyTo(_memory.Bytes[ArgumentPlace..]);
        return request.Finish().ToArray();
    }

    // Behind the common header comes the context, then a handle or a size, in most of them.
    private byte[] Argument(uint number)
    {
        const int FlagsOffset = 8;
        const int FirstOffset = 24;
        byte[] argument = new byte[Math.Min(IoctlRequest.SizeOf(number), 512)];
        if (argument.Length < FirstOffset + (2 * sizeof(ulong)))
        {
            return argument;
        }

        bool attaches = number == IoctlRequest.Attach;
        ulong[] words = number == IoctlRequest.RecoverAfu
            ? [0, _context] : attaches ? [4, 0] : [_context, _handle];
        words[1] = number == IoctlRequest.UserVirtual ? 16 : words[1];
        BinaryPrimitives.WriteUInt64LittleEndian(
            argument.AsSpan(FlagsOffset), attaches ? (ulong)DeviceAccess.ReadWrite : 0);
        BinaryPrimitives.WriteUInt64LittleEndian(argument.AsSpan(FirstOffset), words[0]);
        BinaryPrimitives.WriteUInt64LittleEndian(
            argument.AsSpan(FirstOffset + sizeof(ulong)), words[1]);
        return argument;
    }

    private byte[] WriteRegister()
    {
        int what = _choices.Next(Rings.Length + 4);
        return what < Rings.Length
            ? Register(MessageType.WriteRegister, Rings[what].Register, Rings[what].Value)
            : _choices.Next(2) == 0
                ? Register(MessageType.WriteRegister, SislHostMap.Ioarrin, Command(CommandPlace))
                : Register(
                    MessageType.WriteRegister,
                    SislHostMap.SqTail,
                    Command(RingPlace + 0x1000) + SislIoarcb.SizeInBytes);
    }

    // A command in memory, of which a byte or two may be changed.
    private ulong Command(int place)
    {
        byte[] opcodes =
            [ScsiOpcode.Read16, ScsiOpcode.Write16, 0x9E, 0x35, (byte)_choices.Next(256)];
        uint count = (uint)_choices.Next(4);
        SislIoarcb command = default;
        command.CtxId = (ushort)_context;
        command.ReqFlags = SislReqFlags.ResHndl
            | (_choices.Next(2) == 0 ? SislReqFlags.None : SislReqFlags.HostWrite);
        command.ResHndl = (uint)_handle;
        command.DataLen = count * 4096;
        command.DataEa = _memory.Address + DataPlace;
        command.Ioasa = _memory.Address + CommandPlace + 0x1000;
        ScsiCdb.WriteRead16(command.Cdb, (ulong)_choices.Next(16), count);
        command.Cdb[0] = opcodes[_choices.Next(opcodes.Length)];
        Span<byte> bytes = AbiBytes.Of(ref command);
        for (int i = _choices.Next(3); i > 0; i--)
        {
            bytes[_choices.Next(bytes.Length)] = (byte)_choices.Next(256);
        }

        command.DataEa = _memory.Tame(command.DataEa);
        command.Ioasa = _memory.Tame(command.Ioasa);
        bytes.CopyTo(_memory.Bytes[place..]);
        return _memory.Address + (ulong)place;
    }

    private byte[] Register(MessageType type, int register, ulong? value)
    {
        MessageWriter request = Begin(
            type,
            value is not null && _choices.Next(4) == 0 ? MessageFlags.NoReply : MessageFlags.None);
        request.Add64(_contextFile);
        request.Add32((uint)register);
        request.Add32(0);
        if (value is { } given)
        {
            request.Add64(given);
        }

        return request.Finish().ToArray();
    }

    private byte[] Control()
    {
        MessageWriter request = Begin(MessageType.Control);
        request.Add32((uint)_choices.Next(1, 7));
        request.Add32((uint)_choices.Next(2));
        request.Add32((uint)_choices.Next(3));
        request.Add32((uint)_choices.Next(3));
        request.Add64((ulong)_choices.Next(1 << 16));
        return request.Finish().ToArray();
    }

    private byte[] OfFile(MessageType type)
    {
        MessageWriter request = Begin(type);
        if (type != MessageType.List)
        {
            request.Add64(type is MessageType.Map or MessageType.Wait ? _contextFile : AnyFile());
        }

        if (type == MessageType.Map)
        {
            request.Add64(CxlflashLimits.MmioSize);
            request.Add64(0);
            request.Add32((uint)_choices.Next(1, 3));
            request.Add32((uint)_choices.Next(2));
        }
        else if (type == MessageType.Wait)
        {
            request.Add64(_choices.Next(2) == 0 ? AdapterProtocol.UnknownCount : 0);
            request.Add32((uint)_choices.Next(2));
            request.Add32(0);
        }

        return request.Finish().ToArray();
    }

    private MessageWriter Begin(MessageType type, MessageFlags flags = MessageFlags.None) =>
        new(_buffer, type, flags);
}
