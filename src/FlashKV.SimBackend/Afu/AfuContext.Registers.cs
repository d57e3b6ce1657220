using FlashKV.Superpipe.Abi;

namespace FlashKV.SimBackend.Afu;

/// <content>The host transport map: the registers of the client (SP §4.2).</content>
internal abstract partial class AfuContext
{
    private ulong _endianControl = ByteOrder.HostEndianControl;
    private ulong _interruptStatus;
    private ulong _interruptMask = ulong.MaxValue;
    private ulong _contextControl;

    /// <summary>Whether IOARCB, IOASA and RRQ are big-endian (endian_ctrl).</summary>
    private protected bool IsBigEndian =>
        Volatile.Read(ref _endianControl) == SislHostMap.EndianBig;

    /// <summary>Reads a register of the client's window.</summary>
    /// <param name="offset">The byte offset in the window.</param>
    /// <returns>The value in host order; all ones when the context is lost.</returns>
    internal ulong Read(int offset)
    {
        if (IsLost)
        {
            return SislHostMap.AllOnes;
        }

        ulong value = offset switch
        {
            SislHostMap.CmdRoom => ReadRooms(),
            SislHostMap.IntrStatus => Volatile.Read(ref _interruptStatus),
            SislHostMap.IntrMask => Volatile.Read(ref _interruptMask),
            SislHostMap.Ioarrin or SislHostMap.SqCtxReset => ReadResetState(),
            SislHostMap.RrqStart => _responses.Start,
            SislHostMap.RrqEnd => _responses.End,
            SislHostMap.CtxCtrl => Volatile.Read(ref _contextControl) | SislHostMap.UnmapSupported,
            SislHostMap.SqStart => _ring.Start,
            SislHostMap.SqEnd => _ring.End,
            SislHostMap.SqHead => _ring.Head,
            SislHostMap.SqTail => _ring.Tail,

            SislHostMap.EndianCtrl => Volatile.Read(ref _endianControl),
            _ => 0,
        };

        // Lost while it was being read: a device would have given all ones as well.
        return IsLost ? SislHostMap.AllOnes : value;
    }

    /// <summary>Writes a register of the client's window.</summary>
    /// <param name="offset">The byte offset in the window.</param>
    /// <param name="value">The value in host order.</param>
    internal void Write(int offset, ulong value)
    {
        if (IsLost)
        {
            return;
        }

        switch (offset)
        {
            case SislHostMap.Ioarrin when !_isRing:
                RingRoomDoorbell(value);
                break;
            case SislHostMap.SqTail when _isRing:
                RingTail(value);
                break;
            case SislHostMap.SqCtxReset when _isRing && value == SislHostMap.ContextReset:
                BeginReset();
                break;
            case SislHostMap.IntrClear:
                Interlocked.And(ref _interruptStatus, ~value);
                break;
            case SislHostMap.IntrMask:
                Volatile.Write(ref _interruptMask, value);
                RaiseUnmasked(Volatile.Read(ref _interruptStatus));
                break;
            case SislHostMap.EndianCtrl
                when value is SislHostMap.EndianLittle or SislHostMap.EndianBig:
                Volatile.Write(ref _endianControl, value);
                break;
            case SislHostMap.RrqStart:
                _responses.SetStart(value);
                break;
            case SislHostMap.RrqEnd:
                _responses.SetEnd(value);
                break;
            case SislHostMap.CtxCtrl:
                Volatile.Write(ref _contextControl, value & SislHostMap.CtxCtrlLisnMask);
                break;
            case SislHostMap.SqStart:
                _ring.SetStart(value);
                break;
            case SislHostMap.SqEnd:
                _ring.SetEnd(value);
                break;
            default:
                break;
        }
    }

    private void RingRoomDoorbell(ulong value)
    {
        if (value == SislHostMap.ContextReset)
        {
            BeginReset();
        }
        else if (value == 0)
        {
            RaiseInterrupt(SislSyncInterrupts.PermErrRcbRead);
        }
        else if (!_rooms.TryEnqueue(value))
        {
            RaiseInterrupt(SislSyncInterrupts.PermErrCmdRoom);
        }
        else if (_rooms.FreeRooms == 0)
        {
            // Nobody may be waiting yet; a full queue is worked off by who filled it.
            _ = TryDrive();
        }
    }

    private void RingTail(ulong value)
    {
        if (!_ring.TrySetTail(value))
        {
            RaiseInterrupt(SislSyncInterrupts.PermErrRcbRead);
        }
        else if (_ring.IsFull)
        {
            _ = TryDrive();
        }
    }

    // A client without rooms looks here until there is one, so that looking must make one.
    private ulong ReadRooms()
    {
        if (_rooms.FreeRooms == 0)
        {
            _ = TryDrive();
        }

        return (ulong)_rooms.FreeRooms;
    }

    private void BeginReset() => Interlocked.Exchange(ref _isResetting, 1);

    // The reset ends when no lane is at work: then nothing pending can be answered any more.
    private ulong ReadResetState()
    {
        if (Volatile.Read(ref _isResetting) == 0)
        {
            return 0;
        }

        if (!_gate.TryClose())
        {
            return SislHostMap.ContextResetBusy;
        }

        _ring.Clear();
        _postponed.Clear();
        bool isDone = TrySettle() && _rooms.TryClear();
        if (isDone && Interlocked.Exchange(ref _isResetting, 0) != 0)
        {
            ResetCount++;
        }

        _gate.Open();
        return isDone ? 0 : SislHostMap.ContextResetBusy;
    }

    private protected void RaiseInterrupt(SislSyncInterrupts bits)
    {
        Interlocked.Or(ref _interruptStatus, (ulong)bits);
        RaiseUnmasked((ulong)bits);
    }

    // A bit of the status that is not masked raises the interrupt that ctx_ctrl names.
    private void RaiseUnmasked(ulong bits)
    {
        if ((bits & ~Volatile.Read(ref _interruptMask)) != 0)
        {
            ulong lisn = Volatile.Read(ref _contextControl) & SislHostMap.CtxCtrlLisnMask;
            if (HasInterrupt((int)lisn))
            {
                Events.RaiseInterrupt((int)lisn);
            }
        }
    }

    /// <summary>
    /// Raises an interrupt of the context by its number. An OpenCAPI adapter needs an address for
    /// it; without one it is an error of the context.
    /// </summary>
    private protected void RaiseLisn(int lisn)
    {
        if (HasInterrupt(lisn))
        {
            Events.RaiseInterrupt(lisn);
        }
        else if (lisn is >= 1 and <= SislCtrlMap.LisnCount)
        {
            RaiseInterrupt((SislSyncInterrupts)((ulong)SislSyncInterrupts.PermErrLisn1Ea
                << (lisn - 1)));
        }
    }

    private bool HasInterrupt(int lisn) => !Afu.IsOpenCapi
        || (lisn is >= 1 and <= SislCtrlMap.LisnCount
            && Control.Read(SislCtrlMap.LisnEa + ((lisn - 1) * sizeof(ulong))) != 0);
}
