using FlashKV.SimBackend.Afu;
using FlashKV.Superpipe;
using FlashKV.Superpipe.Abi;

namespace FlashKV.SimBackend.Sharing;

/// <summary>
/// The registers of a context as memory that its client maps. Nothing tells when the client has
/// stored something: <see cref="TakeOver"/> looks.
/// </summary>
/// <remarks>
/// Only for SQ mode, where a register holds its last value: a doorbell of IOARRIN mode would be
/// lost in memory when the next one comes before the look. A submission ring never runs full, so
/// its tail is never the same again unless the head has moved, which is a look.
/// </remarks>
internal sealed class SharedPage : IDisposable
{
    private static readonly int[] s_taken =
    [
        SislHostMap.EndianCtrl, SislHostMap.IntrMask, SislHostMap.RrqStart, SislHostMap.RrqEnd,
        SislHostMap.CtxCtrl, SislHostMap.SqStart, SislHostMap.SqEnd,
    ];

    private readonly Lock _lock = new();
    private readonly AfuContext _afu;
    private readonly SharedMemory _memory;
    private readonly ulong[] _seen = new ulong[s_taken.Length];
    private ulong _seenTail;
    private bool _isResetting;
    private bool _isLost;
    private bool _isDisposed;

    private SharedPage(AfuContext afu, SharedMemory memory, DescriptorHandle file)
    {
        _afu = afu;
        _memory = memory;
        File = file;
        for (int i = 0; i < s_taken.Length; i++)
        {
            _seen[i] = afu.Read(s_taken[i]);
            memory.WriteRegister(s_taken[i], _seen[i]);
        }

        _seenTail = afu.Read(SislHostMap.SqTail);
        memory.WriteRegister(SislHostMap.SqTail, _seenTail);
        Publish();
    }

    /// <summary>The memory, to be passed on.</summary>
    internal DescriptorHandle File { get; }

    /// <summary>Whether the client rings when it has stored a tail while nobody looked.</summary>
    internal bool HasWakingClient { get; set; }

    /// <summary>Makes the page of a context.</summary>
    internal static Errno Create(AfuContext afu, out SharedPage? page)
    {
        page = null;
        Errno errno = SharedMemory.Create(
            SharedPageFormat.TotalBytes, out SharedMemory? memory, out DescriptorHandle? file);
        if (errno == Errno.None)
        {
            page = new SharedPage(afu, memory!, file!);
        }

        return errno;
    }

    /// <summary>Takes over what the client has stored since the last look.</summary>
    /// <returns>Whether there was anything.</returns>
    internal bool TakeOver()
    {
        lock (_lock)
        {
            if (_isDisposed || _isLost)
            {
                return false;
            }

            // The reset first, then the tail, then the rest: who sees one of them new sees what was
            // stored before it.
            bool isReset =
                _memory.ReadRegister(SislHostMap.SqCtxReset) == SislHostMap.ContextReset;
            ulong tail = _memory.ReadRegister(SislHostMap.SqTail);
            bool hasChanged = TakeProgrammed(ref tail);
            hasChanged |= TakeClear();
            if (tail != _seenTail)
            {
                _seenTail = tail;
                _afu.Write(SislHostMap.SqTail, tail);
                hasChanged = true;
            }

            // Behind the tail, or what the client has given up would be executed after all.
            if (isReset)
            {
                Reset();
                hasChanged = true;
            }

            Publish();
            return hasChanged;
        }
    }

    /// <summary>Shows the client what the AFU has changed.</summary>
    internal void Show()
    {
        lock (_lock)
        {
            Publish();
        }
    }

    /// <summary>Notes a register that the client has written by a message.</summary>
    internal void NoteWritten(int offset)
    {
        lock (_lock)
        {
            if (_isDisposed || _isLost)
            {
                return;
            }

            if (offset == SislHostMap.SqStart)
            {
                _seenTail = _afu.Read(SislHostMap.SqTail);
                _memory.WriteRegister(SislHostMap.SqTail, _seenTail);
            }

            int index = Array.IndexOf(s_taken, offset);
            if (index >= 0)
            {
                _seen[index] = _afu.Read(offset);
                _memory.WriteRegister(offset, _seen[index]);
            }

            Publish();
        }
    }

    /// <summary>Shows how often commands were answered.</summary>
    internal void PublishCompletions(ulong count)
    {
        lock (_lock)
        {
            if (!_isDisposed)
            {
                Volatile.Write(ref _memory.Word64(SharedPageFormat.CompletionCount), count);
                Publish();
            }
        }
    }

    /// <summary>Says whether somebody looks.</summary>
    internal void SetAsleep(bool isAsleep)
    {
        lock (_lock)
        {
            if (!_isDisposed)
            {
                Volatile.Write(ref _memory.Word32(SharedPageFormat.Asleep), isAsleep ? 1u : 0);
            }
        }
    }

    /// <summary>Shows that the context is lost: all registers read all ones.</summary>
    internal void Lose()
    {
        lock (_lock)
        {
            if (!_isDisposed && !_isLost)
            {
                _isLost = true;
                _memory.FillWithOnes(SharedPageFormat.RegisterBytes);
                Volatile.Write(ref _memory.Word32(SharedPageFormat.Lost), 1);
            }
        }
    }

    public void Dispose()
    {
        lock (_lock)
        {
            _isDisposed = true;
            _memory.Dispose();
            File.Dispose();
        }
    }

    private bool TakeProgrammed(ref ulong tail)
    {
        bool hasChanged = false;
        for (int i = 0; i < s_taken.Length; i++)
        {
            int offset = s_taken[i];
            ulong value = _memory.ReadRegister(offset);
            if (value == _seen[i])
            {
                continue;
            }

            hasChanged = true;
            _afu.Write(offset, value);
            _seen[i] = _afu.Read(offset);
            _memory.ReplaceRegister(offset, value, _seen[i]);
            if (offset == SislHostMap.SqStart && tail == _seenTail)
            {
                // The tail stands at the start of a new ring, unless the client has set it already.
                tail = _afu.Read(SislHostMap.SqTail);
                _memory.ReplaceRegister(SislHostMap.SqTail, _seenTail, tail);
                _seenTail = tail;
            }
        }

        return hasChanged;
    }

    private bool TakeClear()
    {
        ulong clear = _memory.ReadRegister(SislHostMap.IntrClear);
        if (clear == 0)
        {
            return false;
        }

        _memory.ReplaceRegister(SislHostMap.IntrClear, clear, 0);
        _afu.Write(SislHostMap.IntrClear, clear);
        return true;
    }

    // The client has stored 1 and looks until it is 0; then it sees the registers after the reset.
    private void Reset()
    {
        if (!_isResetting)
        {
            _isResetting = true;
            _afu.Write(SislHostMap.SqCtxReset, SislHostMap.ContextReset);
        }

        if ((_afu.Read(SislHostMap.SqCtxReset) & SislHostMap.ContextResetBusy) == 0)
        {
            _isResetting = false;
            Publish();
            _memory.WriteRegister(SislHostMap.SqCtxReset, 0);
        }
    }

    private void Publish()
    {
        if (!_isLost && !_isDisposed)
        {
            PublishOne(SislHostMap.IntrStatus);
            PublishOne(SislHostMap.CmdRoom);
            PublishOne(SislHostMap.SqHead);
        }
    }

    private void PublishOne(int offset)
    {
        ulong value = _afu.Read(offset);
        if (_memory.ReadRegister(offset) != value)
        {
            _memory.WriteRegister(offset, value);
        }
    }
}
