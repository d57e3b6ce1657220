using FlashKV.Superpipe;
using FlashKV.Superpipe.Abi;

namespace FlashKV.SimBackend.Sharing;

/// <content>Mapping, registers, waiting.</content>
internal sealed partial class ServerConnection
{
    private const uint MessageMode = 1;
    private const uint PageMode = 2;
    private const uint ClientWakes = 1;

    private bool Map(MessageReader request)
    {
        SharedFile? file = Registry.Find(request.Take64());
        ulong length = request.Take64();
        ulong offset = request.Take64();
        uint mode = request.Take32();
        uint flags = request.Take32();
        if (!request.IsWhole || mode is not (MessageMode or PageMode) || flags > ClientWakes)
        {
            return Refuse(in request);
        }

        Errno errno = file is null
            ? Errno.BadDescriptor : CheckMap(file, length, offset);
        if (errno != Errno.None)
        {
            return Answer(in request, errno);
        }

        bool hasPage = mode == PageMode && file!.Context!.Afu.IsRing;
        return hasPage
            ? AnswerPage(in request, file!.Context!, flags == ClientWakes)
            : AnswerMap(Reply(in request), MessageMode, 0, null);
    }

    private Errno CheckMap(SharedFile file, ulong length, ulong offset)
    {
        // The window is 64 KiB; what lies beyond is refused before anything is added up.
        bool fits = offset <= CxlflashLimits.MmioSize && length <= CxlflashLimits.MmioSize
            && offset + length <= CxlflashLimits.MmioSize;
        return _process!.Host.CheckMap(file.File, fits ? (long)length : long.MaxValue);
    }

    private bool AnswerPage(in MessageReader request, ServedContext context, bool clientWakes)
    {
        Errno errno = context.TryMakePage(out SharedPage? page);
        if (errno != Errno.None)
        {
            return Answer(in request, errno);
        }

        page!.HasWakingClient = clientWakes;
        _machine.Poller.Add(context);
        return AnswerMap(
            Reply(in request, descriptors: 1), PageMode, SharedPageFormat.TotalBytes, page.File);
    }

    private bool AnswerMap(MessageWriter reply, uint mode, ulong bytes, DescriptorHandle? passed)
    {
        reply.Add32(mode);
        reply.Add32(0);
        reply.Add64(bytes);
        return passed is null ? Send(reply) : Send(reply, passed);
    }

    private bool ReadRegister(MessageReader request)
    {
        ulong id = request.Take64();
        uint offset = request.Take32();
        request.SkipZero32();
        if (!request.IsWhole)
        {
            return Refuse(in request);
        }

        Errno errno = FindContext(id, offset, out ServedContext? context);
        if (errno != Errno.None)
        {
            return Answer(in request, errno);
        }

        MessageWriter reply = Reply(in request);
        reply.Add64(context!.Read((int)offset));
        return Send(reply);
    }

    private bool WriteRegister(MessageReader request)
    {
        ulong id = request.Take64();
        uint offset = request.Take32();
        request.SkipZero32();
        ulong value = request.Take64();
        if (!request.IsWhole)
        {
            return Refuse(in request);
        }

        Errno errno = FindContext(id, offset, out ServedContext? context);
        if (errno == Errno.None)
        {
            Write(context!, (int)offset, value);
        }

        return (request.Flags & MessageFlags.NoReply) != 0 || Answer(in request, errno);
    }

    private void Write(ServedContext context, int offset, ulong value)
    {
        if (context.Write(offset, value))
        {
            Defer(context);
        }

        if (context.Page is not null && offset == SislHostMap.SqTail)
        {
            _machine.Poller.Ring();
        }
    }

    // What was handed over is executed once no further request is waiting.
    private void Defer(ServedContext context)
    {
        if (_rung != context)
        {
            Drive();
            _rung = context;
        }

        _deferred++;
    }

    private bool Wait(MessageReader request)
    {
        SharedFile? file = Registry.Find(request.Take64());
        ulong seen = request.Take64();
        uint milliseconds = request.Take32();
        request.SkipZero32();
        if (!request.IsWhole || milliseconds > AdapterProtocol.MaxWaitMilliseconds)
        {
            return Refuse(in request);
        }

        if (file?.Context is not { } context)
        {
            return Answer(in request, Errno.BadDescriptor);
        }

        ulong count = context.Wait(seen, (int)milliseconds);
        MessageWriter reply = Reply(in request);
        reply.Add64(count);
        return Send(reply);
    }

    // Only the owner has a window; anybody else gets what a fault in a mapping without a context is.
    private Errno FindContext(ulong id, uint offset, out ServedContext? context)
    {
        SharedFile? file = Registry.Find(id);
        context = file?.Owner == _process ? file?.Context : null;
        return context is null ? Errno.BadAddress
            : offset % sizeof(ulong) != 0 || offset >= CxlflashLimits.MmioSize
                ? Errno.InvalidArgument
                : Errno.None;
    }
}
