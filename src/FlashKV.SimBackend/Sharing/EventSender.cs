using FlashKV.SimBackend.Afu;
using FlashKV.Superpipe;
using FlashKV.Superpipe.Abi;

namespace FlashKV.SimBackend.Sharing;

/// <summary>Gives the events of a context to its descriptor, one message each.</summary>
/// <remarks>
/// No more than one or two wait in the descriptor: the rest stays where equal events fall together,
/// as in the kernel, and goes when the client has read. The end of the context is the end of the
/// messages.
/// </remarks>
internal sealed class EventSender
{
    private readonly Lock _lock = new();
    private readonly PacketSocket _near;
    private readonly ContextEvents _events;
    private bool _hasEnded;

    internal EventSender(PacketSocket near, ContextEvents events)
    {
        _near = near;
        _events = events;
        near.MakeSendQueueSmall();
    }

    /// <summary>Sends what there is and what the client's queue takes.</summary>
    internal void Send()
    {
        lock (_lock)
        {
            while (!_hasEnded && SendOne())
            {
            }
        }
    }

    private bool SendOne()
    {
        Errno errno = _events.Poll(timeoutMilliseconds: 0, out bool isReadable);
        if (isReadable && (_near.Look(SocketCalls.PollOut) & SocketCalls.PollOut) == 0)
        {
            return false;
        }

        Span<byte> buffer = stackalloc byte[CxlEventHeader.MinReadLength];
        int length = 0;
        if (isReadable)
        {
            errno = _events.Read(buffer, out length);
        }

        if (errno == Errno.InputOutput)
        {
            _hasEnded = true;
            _near.Shutdown(SocketCalls.ShutWriting);
            return false;
        }

        return length > 0 && _near.Send(buffer[..length], mayWait: false) == Errno.None;
    }
}
