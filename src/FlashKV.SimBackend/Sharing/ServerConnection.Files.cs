using FlashKV.SimBackend.Afu;
using FlashKV.SimBackend.Driver;
using FlashKV.Superpipe;
using FlashKV.Superpipe.Abi;

namespace FlashKV.SimBackend.Sharing;

/// <content>Opening, ioctls, closing.</content>
internal sealed partial class ServerConnection
{
    private bool Open(MessageReader request)
    {
        const uint AccessMask = 3;
        uint flags = request.Take32();
        uint length = request.Take32();
        ReadOnlySpan<byte> bytes = request.TakeBytes(length);
        if (!request.IsWhole
            || !TryDecodePath(bytes, AdapterProtocol.MaxOpenPathBytes, out string path))
        {
            return Refuse(in request);
        }

        ClientProcess process = _process!;
        Errno errno = process.Host.Open(
            path, (DeviceAccess)(flags & AccessMask), out int descriptor);
        if (errno != Errno.None)
        {
            return Answer(in request, errno);
        }

        errno = Registry.TryAdd(
            process, descriptor, out SharedFile? file, out DescriptorHandle? passed);
        if (errno != Errno.None)
        {
            return Answer(in request, errno);
        }

        using (passed)
        {
            MessageWriter reply = Reply(in request, descriptors: 1);
            reply.Add64(file!.Id);
            reply.Add32((uint)file.Kind);
            reply.Add32(0);
            return Send(reply, passed!);
        }
    }

    private bool Identify(MessageReader request)
    {
        SharedFile? file = Registry.Find(request.Take64());
        if (!request.IsWhole)
        {
            return Refuse(in request);
        }

        if (file is null)
        {
            return Answer(in request, Errno.BadDescriptor);
        }

        MessageWriter reply = Reply(in request);
        reply.Add64(file.Id);
        reply.Add32((uint)file.Kind);
        reply.Add32((uint)((file.File as DeviceFile)?.Access ?? DeviceAccess.ReadWrite));
        reply.Add64(file.Context is null ? 0UL : CxlflashLimits.MmioSize);
        return Send(reply);
    }

    private bool Ioctl(MessageReader request)
    {
        bool isInline = (request.Flags & MessageFlags.Inline) != 0;
        SharedFile? file = Registry.Find(request.Take64());
        uint number = request.Take32();
        uint length = request.Take32();
        ulong address = request.Take64();
        ReadOnlySpan<byte> given = request.TakeBytes(length);
        if (!request.IsWhole || (isInline ? address != 0 : length != 0))
        {
            return Refuse(in request);
        }

        if (file is null)
        {
            return Answer(in request, Errno.BadDescriptor);
        }

        if (!MayCall(number, given))
        {
            return Answer(in request, Errno.NotPermitted);
        }

        if (number == ScsiGeneric.Request && !isInline)
        {
            return Answer(
                in request, ScsiGeneric.Execute(_process!.ProcessId, file.File, address));
        }

        // An argument that cannot be read is an empty one: the driver finds that out in its turn.
        Span<byte> argument = stackalloc byte[IoctlRequest.SizeOf(uint.MaxValue)];
        argument = argument[..IoctlRequest.SizeOf(number)];
        int read = isInline ? Math.Min(argument.Length, given.Length) : argument.Length;
        bool isRead = isInline
            || ProcessVm.TryRead(_process!.ProcessId, address, argument);
        if (isInline)
        {
            given[..read].CopyTo(argument);
        }

        argument = isRead ? argument[..read] : default;
        Errno errno = Call(file, number, argument);
        return errno == Errno.None
            ? AnswerIoctl(in request, number, address, argument)
            : Answer(in request, errno);
    }

    private Errno Call(SharedFile file, uint number, Span<byte> argument)
    {
        HostProcess host = _process!.Host;
        if (!_machine.ServesClonesOnly
            && ProcessStatus.TryRead(_process.ProcessId, out ProcessStatus status))
        {
            host.Caller = host.Caller with { ParentProcessId = status.ParentId };
        }

        return host.Ioctl(file.File, number, argument);
    }

    private bool AnswerIoctl(
        in MessageReader request, uint number, ulong address, Span<byte> argument)
    {
        SharedFile? made = null;
        DescriptorHandle? passed = null;
        int offset = NewDescriptor.OffsetIn(number, argument);
        if (offset != 0)
        {
            Errno added = Registry.TryAdd(
                _process!, NewDescriptor.Take(argument, offset), out made, out passed);
            if (added != Errno.None)
            {
                // As the driver answers when the process has no descriptor left.
                return Answer(in request, Errno.NoDevice);
            }
        }

        bool isInline = (request.Flags & MessageFlags.Inline) != 0;
        bool isWritten = isInline
            || ProcessVm.TryWrite(_process!.ProcessId, address, argument);
        using (passed)
        {
            MessageWriter reply = MessageWriter.Reply(
                _reply,
                in request,
                isWritten ? Errno.None : Errno.BadAddress,
                passed is null ? 0 : 1);
            reply.Add64(made?.Id ?? 0);
            reply.Add32((uint)offset);
            reply.Add32(isInline ? (uint)argument.Length : 0);
            reply.AddBytes(isInline ? argument : default);
            return passed is null ? Send(reply) : Send(reply, passed);
        }
    }

    private bool Closing(MessageReader request)
    {
        SharedFile? file = Registry.Find(request.Take64());
        if (!request.IsWhole)
        {
            return Refuse(in request);
        }

        if (_closing is { } former)
        {
            _closing = null;
            Registry.UnmarkClosing(former, closer: null);
        }

        if (file is not null)
        {
            Registry.MarkClosing(file);
            _closing = file;
        }

        return Answer(in request, file is null ? Errno.BadDescriptor : Errno.None);
    }

    private bool Closed(MessageReader request)
    {
        ulong id = request.Take64();
        if (!request.IsWhole)
        {
            return Refuse(in request);
        }

        if (_closing is not { } file || file.Id != id)
        {
            return Answer(in request, Errno.BadDescriptor);
        }

        _closing = null;
        Registry.UnmarkClosing(file, _process);
        return Answer(in request, Errno.None);
    }
}
