using System.Runtime.InteropServices;
using FlashKV.Superpipe.Abi;
using FlashKV.Superpipe.Recovery;

namespace FlashKV.Superpipe.Control;

/// <summary>Events of the context's descriptor: errors that no response tells of.</summary>
internal sealed partial class AttachedContext<TRegisters>
{
    private const int MaxEventReads = 64;

    private readonly byte[] _eventBuffer = new byte[CxlEventHeader.MinReadLength];
    private int _readsEvents;
    private ulong _faultAddress;

    /// <summary>
    /// Takes the events there are, unless another thread is doing so. The caller is registered in
    /// the gate, so the descriptor does not change.
    /// </summary>
    internal RestoreReason TakeEvents()
    {
        if (Interlocked.CompareExchange(ref _readsEvents, 1, 0) != 0)
            return RestoreReason.None;
        try
        {
            return ReadEvents();
        }
        finally
        {
            Volatile.Write(ref _readsEvents, 0);
        }
    }

    private RestoreReason ReadEvents()
    {
        RestoreReason reason = RestoreReason.None;
        for (int i = 0; i < MaxEventReads && reason == RestoreReason.None; i++)
        {
            Errno errno = _transport.Poll(_descriptor, 0, out bool isReadable);
            if (errno == Errno.Interrupted)
                continue;
            if (errno != Errno.None)
                return RestoreReason.Lost;
            if (!isReadable)
                break;

            errno = _transport.Read(_descriptor, _eventBuffer, out int length);
            if (errno is Errno.TryAgain or Errno.Interrupted)
                break;
            if (errno != Errno.None)
                return RestoreReason.Lost;
            reason = TakeEvents(_eventBuffer.AsSpan(0, Math.Clamp(length, 0, _eventBuffer.Length)));
        }

        return reason;
    }

    private RestoreReason TakeEvents(ReadOnlySpan<byte> events)
    {
        RestoreReason reason = RestoreReason.None;
        while (events.Length >= CxlEventHeader.SizeInBytes)
        {
            CxlEventHeader header = MemoryMarshal.Read<CxlEventHeader>(events);
            if (header.Size < CxlEventHeader.SizeInBytes || header.Size > events.Length)
                break;

            RestoreReason one = TakeEvent(header.Type, events[..header.Size]);
            reason = one == RestoreReason.None ? reason : one;
            events = events[header.Size..];
        }

        return reason;
    }

    private RestoreReason TakeEvent(CxlEventType type, ReadOnlySpan<byte> data)
    {
        switch (type)
        {
            case CxlEventType.AfuInterrupt when data.Length >= CxlEventAfuInterrupt.SizeInBytes:
                return MemoryMarshal.Read<CxlEventAfuInterrupt>(data).Irq == SislLisn.SyncError
                    ? Queue.CheckRegisters()
                    : RestoreReason.None;
            case CxlEventType.DataStorage when data.Length >= CxlEventDataStorage.SizeInBytes:
                // The command that uses the address never ends. It can only be had back, and its
                // buffer be released, by a context reset.
                Volatile.Write(
                    ref _faultAddress, MemoryMarshal.Read<CxlEventDataStorage>(data).Addr);
                Interlocked.Increment(ref Queue.Counters.AdapterErrors);
                return RestoreReason.Stuck;
            case CxlEventType.AfuError:
                Interlocked.Increment(ref Queue.Counters.AdapterErrors);
                return RestoreReason.None;
            default:
                return RestoreReason.None;
        }
    }
}
