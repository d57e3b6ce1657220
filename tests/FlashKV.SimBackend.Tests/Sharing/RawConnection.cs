using FlashKV.SimBackend.Afu;
using FlashKV.SimBackend.Sharing;
using FlashKV.Superpipe;
using FlashKV.Superpipe.Abi;

namespace FlashKV.SimBackend.Tests.Sharing;

/// <summary>A connection on which a test sends what it likes.</summary>
internal sealed class RawConnection : IDisposable
{
    private readonly ClientConnection _connection;
    private readonly List<DescriptorHandle> _descriptors = [];

    private RawConnection(ClientConnection connection) => _connection = connection;

    internal static RawConnection Open(string path)
    {
        Assert.Equal(Errno.None, ClientConnection.Open(path, out ClientConnection? connection));
        return new RawConnection(connection!);
    }

    internal ulong OpenDevice(string path)
    {
        byte[] name = System.Text.Encoding.UTF8.GetBytes(path);
        MessageWriter request = _connection.Begin(MessageType.Open);
        request.Add32((uint)DeviceAccess.ReadWrite);
        request.Add32((uint)name.Length);
        request.AddBytes(name);
        Assert.Equal(
            Errno.None,
            _connection.Call(request, out MessageReader reply, out DescriptorHandle? passed));
        _descriptors.Add(passed!);
        ulong id = reply.Take64();
        Assert.Equal(FileStatus.InodeOf(passed!), id);
        return id;
    }

    internal Errno Ioctl(ulong file, uint number, ulong address, out ulong made)
    {
        MessageWriter request = _connection.Begin(MessageType.Ioctl);
        request.Add64(file);
        request.Add32(number);
        request.Add32(0);
        request.Add64(address);
        Errno errno = _connection.Call(
            request, out MessageReader reply, out DescriptorHandle? passed);
        made = errno == Errno.None ? reply.Take64() : 0;
        if (passed is not null)
        {
            _descriptors.Add(passed);
        }

        return errno;
    }

    internal ulong Attach(ulong device, AlignedMemory memory)
    {
        DkCxlflashAttach attach = new() { NumInterrupts = 4 };
        attach.Hdr.Flags = (ulong)DeviceAccess.ReadWrite;
        AbiBytes.Write(memory.Bytes, in attach);
        Assert.Equal(
            Errno.None,
            Ioctl(device, IoctlRequest.Attach, (ulong)memory.Address, out ulong context));
        return context;
    }

    internal SharedFileKind Identify(ulong file)
    {
        MessageWriter request = _connection.Begin(MessageType.Identify);
        request.Add64(file);
        Assert.Equal(Errno.None, _connection.Call(request, out MessageReader reply));
        Assert.Equal(file, reply.Take64());
        return (SharedFileKind)reply.Take32();
    }

    internal Errno ReadRegister(ulong file, uint offset)
    {
        MessageWriter request = _connection.Begin(MessageType.ReadRegister);
        request.Add64(file);
        request.Add32(offset);
        request.Add32(0);
        return _connection.Call(request, out _);
    }

    internal Errno Notify(MessageType type, ulong file)
    {
        MessageWriter request = _connection.Begin(type);
        request.Add64(file);
        return _connection.Call(request, out _);
    }

    /// <summary>Makes another copy of what was opened last.</summary>
    internal Errno DuplicateLast()
    {
        using PacketSocket last = new(new DescriptorHandle(_descriptors[^1].Detach()));
        Errno errno = last.Duplicate(out PacketSocket? copy);
        _descriptors[^1] = copy!.Descriptor;
        _ = last.Duplicate(out PacketSocket? second);
        _descriptors.Add(second!.Descriptor);
        return errno;
    }

    /// <summary>Closes what was opened last.</summary>
    internal void CloseLast()
    {
        _descriptors[^1].Dispose();
        _descriptors.RemoveAt(_descriptors.Count - 1);
    }

    public void Dispose()
    {
        _connection.Dispose();
        _descriptors.ForEach(descriptor => descriptor.Dispose());
    }
}
