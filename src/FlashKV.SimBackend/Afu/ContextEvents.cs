using System.Numerics;
using FlashKV.Superpipe;
using FlashKV.Superpipe.Abi;

namespace FlashKV.SimBackend.Afu;

/// <summary>
/// The events of one context that its descriptor gives out by poll and read (SP §2.10): interrupts
/// of the AFU, storage faults and AFU errors, in that order of precedence.
/// </summary>
/// <param name="handle">The context.</param>
/// <param name="isOpenCapi">
/// Whether they are read as those of an OpenCAPI adapter: into a buffer of any length, and, once
/// the context is lost, as a header without an event for ever.
/// </param>
internal sealed class ContextEvents(ushort handle, bool isOpenCapi = false)
{
    private readonly object _lock = new();
    private ulong _pendingInterrupts;
    private ulong _faultAddress;
    private ulong _faultStatus;
    private bool _hasFault;
    private ulong _error;
    private bool _isClosed;

    /// <summary>
    /// Called after something was raised, and at the end, by the thread that did it. It must not
    /// wait: that thread may be in the middle of a command or of a reset.
    /// </summary>
    internal Action? Changed { get; set; }

    /// <summary>Raises an interrupt of the context.</summary>
    /// <param name="lisn">Its number, 1 to 63; others are ignored, as 0 is "none".</param>
    internal void RaiseInterrupt(int lisn)
    {
        if (lisn is < 1 or > 63)
        {
            return;
        }

        lock (_lock)
        {
            _pendingInterrupts |= 1UL << lisn;
            Monitor.PulseAll(_lock);
        }

        Changed?.Invoke();
    }

    /// <summary>Reports an address that the client does not have.</summary>
    /// <param name="address">The address.</param>
    /// <param name="isStore">Whether the AFU was to write there.</param>
    internal void RaiseStorageFault(ulong address, bool isStore)
    {
        // As the DSISR of the original says it: no translation; a store.
        const ulong NotFound = (1UL << 62) | 0x40000000;
        const ulong Store = 0x02000000;
        lock (_lock)
        {
            _faultAddress = address;
            _faultStatus = NotFound | (isStore ? Store : 0);
            _hasFault = true;
            Monitor.PulseAll(_lock);
        }

        Changed?.Invoke();
    }

    /// <summary>Reports an error of the AFU.</summary>
    /// <param name="error">The error; not 0.</param>
    internal void RaiseError(ulong error)
    {
        lock (_lock)
        {
            _error = error;
            Monitor.PulseAll(_lock);
        }

        Changed?.Invoke();
    }

    /// <summary>Ends the events: the context is lost or gone.</summary>
    internal void Close()
    {
        lock (_lock)
        {
            _isClosed = true;
            Monitor.PulseAll(_lock);
        }

        Changed?.Invoke();
    }

    /// <summary>Waits for an event.</summary>
    /// <param name="timeoutMilliseconds">The longest wait; 0 only looks.</param>
    /// <param name="readable">Whether there is one.</param>
    /// <returns>EIO when the context is lost and has no event.</returns>
    internal Errno Poll(int timeoutMilliseconds, out bool readable)
    {
        lock (_lock)
        {
            if (!IsReadable && !_isClosed && timeoutMilliseconds > 0)
            {
                Monitor.Wait(_lock, timeoutMilliseconds);
            }

            readable = IsReadable;
            return _isClosed && !readable ? Errno.InputOutput : Errno.None;
        }
    }

    /// <summary>Takes one event.</summary>
    /// <param name="buffer">At least 4,096 bytes; for OpenCAPI, enough for the event.</param>
    /// <param name="length">The length of the event.</param>
    /// <returns>
    /// EINVAL for a short buffer, EFAULT where the event would go beyond it; EAGAIN when there is
    /// no event, and EIO when there will be none.
    /// </returns>
    internal Errno Read(Span<byte> buffer, out int length)
    {
        length = 0;
        lock (_lock)
        {
            if (buffer.Length < (isOpenCapi ? NextLength : CxlEventHeader.MinReadLength))
            {
                return isOpenCapi ? Errno.BadAddress : Errno.InvalidArgument;
            }

            length = TakeEvent(buffer);
            if (length == 0 && _isClosed && isOpenCapi)
            {
                CxlEventHeader bare = Header(CxlEventType.Reserved, CxlEventHeader.SizeInBytes);
                AbiBytes.Write(buffer, in bare);
                length = CxlEventHeader.SizeInBytes;
            }

            return length != 0 ? Errno.None : _isClosed ? Errno.InputOutput : Errno.TryAgain;
        }
    }

    private bool IsReadable => _pendingInterrupts != 0 || _hasFault || _error != 0;

    private int NextLength => _pendingInterrupts != 0 ? CxlEventAfuInterrupt.SizeInBytes
        : _hasFault ? CxlEventDataStorage.SizeInBytes
        : _error != 0 ? CxlEventAfuError.SizeInBytes
        : _isClosed ? CxlEventHeader.SizeInBytes : 0;

    private int TakeEvent(Span<byte> buffer)
    {
        if (_pendingInterrupts != 0)
        {
            return TakeInterrupt(buffer);
        }

        if (_hasFault)
        {
            return TakeFault(buffer);
        }

        return _error != 0 ? TakeError(buffer) : 0;
    }

    private int TakeInterrupt(Span<byte> buffer)
    {
        int lisn = BitOperations.TrailingZeroCount(_pendingInterrupts);
        _pendingInterrupts &= _pendingInterrupts - 1;
        CxlEventAfuInterrupt taken = default;
        taken.Header = Header(CxlEventType.AfuInterrupt, CxlEventAfuInterrupt.SizeInBytes);
        taken.Irq = (ushort)lisn;
        AbiBytes.Write(buffer, in taken);
        return CxlEventAfuInterrupt.SizeInBytes;
    }

    private int TakeFault(Span<byte> buffer)
    {
        _hasFault = false;
        CxlEventDataStorage taken = default;
        taken.Header = Header(CxlEventType.DataStorage, CxlEventDataStorage.SizeInBytes);
        taken.Addr = _faultAddress;
        taken.Dsisr = _faultStatus;
        AbiBytes.Write(buffer, in taken);
        return CxlEventDataStorage.SizeInBytes;
    }

    private int TakeError(Span<byte> buffer)
    {
        CxlEventAfuError taken = default;
        taken.Header = Header(CxlEventType.AfuError, CxlEventAfuError.SizeInBytes);
        taken.Error = _error;
        _error = 0;
        AbiBytes.Write(buffer, in taken);
        return CxlEventAfuError.SizeInBytes;
    }

    private CxlEventHeader Header(CxlEventType type, int size) => new()
    {
        Type = type,
        Size = (ushort)size,
        ProcessElement = handle,
    };
}
