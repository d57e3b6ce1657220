using FlashKV.Superpipe.Abi;

namespace FlashKV.Superpipe.Tests.Doubles;

/// <summary>
/// One context of the scripted adapter: registers, rooms, rings, and an AFU that reads the real
/// IOARCB bytes when a client waits.
/// </summary>
internal sealed unsafe class ScriptedContext
{
    private readonly ScriptedAdapter _adapter;
    private readonly Random _random;
    private readonly ulong[] _registers = new ulong[16];
    private readonly List<(nint Ioarcb, nint Ioasa)> _pending = [];
    private readonly List<(SislIoarcb Command, nint Ioarcb, nint Ioasa)> _fetched = [];
    private int _used;
    private ulong _rrqCursor;
    private ulong _toggle = SislRrq.FirstToggle;
    private ulong _sqHead;
    private int _outstanding;
    private int _resetPolls;

    internal ScriptedContext(ScriptedAdapter adapter, ulong id, int descriptor)
    {
        _adapter = adapter;
        _random = new Random(adapter.Seed);
        Id = id;
        Descriptor = descriptor;
    }

    internal ulong Id { get; set; }

    internal int Descriptor { get; set; }

    /// <summary>The mapping that is alive; others read as all ones.</summary>
    internal int Mapping { get; set; }

    internal bool IsLost { get; private set; }

    internal Dictionary<uint, ScriptedLun> Luns { get; } = [];

    internal List<int> Attachments { get; } = [];

    internal int Unmapped { get; set; }

    internal List<(int Offset, ulong Value)> Writes { get; } = [];

    internal ulong IntrStatus { get; set; }

    internal int FreeRooms => _adapter.Rooms - _used;

    internal ulong OldRrqStart { get; private set; }

    internal ulong Read(int mapping, int offset)
    {
        lock (_adapter.Sync)
        {
            if (mapping <= Unmapped)
                _adapter.UsesAfterUnmap++;
            if (IsLost || mapping != Mapping || IsPlaceOfLoss(offset))
                return SislHostMap.AllOnes;

            return offset switch
            {
                SislHostMap.CmdRoom => (ulong)(_adapter.Rooms - _used),
                SislHostMap.IntrStatus => IntrStatus,
                SislHostMap.CtxCtrl => _registers[offset / 8]
                    | (_adapter.CanUnmap ? SislHostMap.UnmapSupported : 0),
                SislHostMap.Ioarrin or SislHostMap.SqCtxReset => ReadReset(),
                _ => _registers[offset / 8],
            };
        }
    }

    internal void Write(int mapping, int offset, ulong value)
    {
        lock (_adapter.Sync)
        {
            if (mapping <= Unmapped)
                _adapter.UsesAfterUnmap++;
            if (_adapter.ThrowAtWrite > 0 && --_adapter.ThrowAtWrite == 0)
                throw new InvalidOperationException("The window broke.");
            if (IsLost || mapping != Mapping)
                return;
            if (_adapter.Loss != LossPlace.None && offset != SislHostMap.Ioarrin)
                return;
            if (_adapter.RecordsWrites)
                Writes.Add((offset, value));
            Write(offset, value);
            if (_adapter.LoseAfterWrites > 0 && --_adapter.LoseAfterWrites == 0)
                _adapter.Reset();
        }
    }

    /// <summary>Does what there is to do.</summary>
    internal void Drive(int mapping)
    {
        lock (_adapter.Sync)
        {
            if (mapping <= Unmapped)
                _adapter.UsesAfterUnmap++;
            if (_adapter.Loss == LossPlace.ResponseQueue)
                WriteAllOnes();
            if (IsLost
                || mapping != Mapping
                || _adapter.Loss != LossPlace.None
                || _adapter.Rests())
                return;

            Fetch();
            int count = _adapter.AnswersPerWait == 0
                ? _fetched.Count
                : Math.Min(_adapter.AnswersPerWait, _fetched.Count);
            for (int i = 0; i < count && !IsLost; i++)
                ExecuteOne();
        }
    }

    /// <summary>
    /// The adapter is gone: some of the commands have been carried out, none will be answered.
    /// </summary>
    internal void Lose()
    {
        Fetch();
        int done = _random.Next(_fetched.Count + 1);
        for (int i = 0; i < done; i++)
            CarryOut(_fetched[i].Command, Describe(_fetched[i].Command));
        IsLost = true;
        OldRrqStart = _registers[SislHostMap.RrqStart / 8];
        Abort();
    }

    internal void Revive(ulong id, int descriptor)
    {
        Id = id;
        Descriptor = descriptor;
        Mapping++;
        IsLost = false;
        IntrStatus = 0;
        Array.Clear(_registers);
        Abort();
    }

    /// <summary>What a lost adapter may leave where the next answer belongs.</summary>
    internal void WriteAllOnes() => Volatile.Write(ref *(ulong*)_rrqCursor, SislHostMap.AllOnes);

    private bool IsPlaceOfLoss(int offset) => _adapter.Loss switch
    {
        LossPlace.CmdRoom => offset == SislHostMap.CmdRoom,
        LossPlace.IntrStatus => offset == SislHostMap.IntrStatus,
        LossPlace.ResetRegister => offset is SislHostMap.Ioarrin or SislHostMap.SqCtxReset,
        _ => false,
    };

    private void Abort()
    {
        _pending.Clear();
        _fetched.Clear();
        _used = 0;
        _outstanding = 0;
        _sqHead = _registers[SislHostMap.SqTail / 8];
    }

    private ulong ReadReset()
    {
        if (_resetPolls == 0)
            return 0;
        if (!_adapter.ResetsHang)
            _resetPolls--;
        return SislHostMap.ContextResetBusy;
    }

    private void Write(int offset, ulong value)
    {
        _registers[offset / 8] = value;
        switch (offset)
        {
            case SislHostMap.Ioarrin or SislHostMap.SqCtxReset when value == 1:
                if (_adapter.Loss != LossPlace.None)
                    break;
                Abort();
                _adapter.ContextResets++;
                _adapter.ResetBegun();
                _resetPolls = 3;
                break;
            case SislHostMap.Ioarrin:
                Ring(value);
                break;
            case SislHostMap.RrqStart:
                _rrqCursor = value;
                _toggle = SislRrq.FirstToggle;
                break;
            case SislHostMap.SqStart:
                _sqHead = value;
                break;
            case SislHostMap.SqTail:
                RingTail(value);
                break;
            case SislHostMap.IntrClear:
                IntrStatus &= ~value;
                break;
        }
    }

    private void Ring(ulong address)
    {
        if (_used == _adapter.Rooms)
        {
            _adapter.RoomViolations++;
            IntrStatus |= (ulong)SislSyncInterrupts.PermErrCmdRoom;
            return;
        }

        _used++;
        NoteOutstanding();
        _pending.Add(((nint)address, (nint)address + SislIoarcb.SizeInBytes));
    }

    private void RingTail(ulong tail)
    {
        ulong end = _registers[SislHostMap.SqEnd / 8];
        while (_sqHead != tail)
        {
            SislIoarcb command = *(SislIoarcb*)_sqHead;
            NoteOutstanding();
            _fetched.Add((command, (nint)command.Ioasa - 64, (nint)command.Ioasa));
            _sqHead = _sqHead == end
                ? _registers[SislHostMap.SqStart / 8]
                : _sqHead + SislIoarcb.SizeInBytes;
        }
    }

    private void NoteOutstanding()
    {
        ulong entries = ((_registers[SislHostMap.RrqEnd / 8]
            - _registers[SislHostMap.RrqStart / 8]) / 8) + 1;
        if ((ulong)++_outstanding > entries)
            _adapter.RingOverruns++;
    }

    // Fetching a command gives its room back.
    private void Fetch()
    {
        foreach ((nint ioarcb, nint ioasa) in _pending)
        {
            _fetched.Add((*(SislIoarcb*)ioarcb, ioarcb, ioasa));
            _used--;
        }

        _pending.Clear();
    }

    private void ExecuteOne()
    {
        int index = _adapter.Reorders ? _random.Next(_fetched.Count) : 0;
        (SislIoarcb command, nint ioarcb, nint ioasa) = _fetched[index];
        ScriptedAnswer answer = Execute(command);
        if (IsLost)
            return;

        _fetched.RemoveAt(index);
        if (answer.IsSilent)
            return;

        WriteIoasa((SislIoasa*)ioasa, answer);
        Respond(_adapter.UsesRing ? (ulong)ioasa : (ulong)ioarcb);
    }

    internal void Respond(ulong address)
    {
        Volatile.Write(ref *(ulong*)_rrqCursor, SislRrq.Pack(address, _toggle));
        _outstanding--;
        if (_rrqCursor == _registers[SislHostMap.RrqEnd / 8])
        {
            _rrqCursor = _registers[SislHostMap.RrqStart / 8];
            _toggle ^= SislRrq.ToggleBit;
        }
        else
        {
            _rrqCursor += SislRrq.EntrySizeInBytes;
        }
    }

    private static void WriteIoasa(SislIoasa* ioasa, in ScriptedAnswer answer)
    {
        *ioasa = default;
        ioasa->Flags = answer.Flags;
        ioasa->AfuRc = answer.Afu;
        ioasa->ScsiRc = answer.Scsi;
        ioasa->FcRc = answer.Fc;
        ioasa->AfuExtra = answer.AfuExtra;
        ioasa->Resid = answer.Resid;
        if ((answer.Flags & SislIoasaFlags.SenseValid) != 0)
            answer.Sense.WriteFixed(ioasa->SenseData);
    }

    private ScriptedAnswer Execute(SislIoarcb command)
    {
        ScriptedCommand description = Describe(command);
        ScriptedAnswer answer = _adapter.Script(description);
        return answer.IsGood ? CarryOut(command, description) : answer;
    }

    private ScriptedCommand Describe(SislIoarcb command)
    {
        ReadOnlySpan<byte> cdb = command.Cdb;
        return new ScriptedCommand(
            _adapter.NextOrdinal(),
            cdb[0],
            cdb[1],
            ScsiCdb.Lba(cdb),
            ScsiCdb.Count(cdb),
            command.ResHndl,
            command.DataLen,
            (nint)command.DataEa,
            command.CtxId);
    }

    private ScriptedAnswer CarryOut(SislIoarcb command, in ScriptedCommand description)
    {
        if (IsLost || command.CtxId != new ContextId(Id).Handle)
            return ScriptedAnswer.AfuError(SislAfuRc.CapViolation);
        if (!Luns.TryGetValue(command.ResHndl, out ScriptedLun? lun))
            return ScriptedAnswer.AfuError(SislAfuRc.RhtRwPerm);
        return Execute(lun, description);
    }

    private ScriptedAnswer Execute(ScriptedLun lun, in ScriptedCommand command)
    {
        uint perBlock = (uint)(4096 / _adapter.BlockSize);
        uint blocks = command.Count / perBlock;
        ulong first = command.Lba / perBlock;
        if (lun.IsVirtual && blocks != 1)
            return ScriptedAnswer.AfuError(SislAfuRc.LxtOutOfBounds);
        if (first + blocks > lun.BlockCount)
            return ScriptedAnswer.AfuError(SislAfuRc.LxtOutOfBounds);
        if (command.Opcode != ScsiOpcode.WriteSame16 && command.DataLength != blocks * 4096)
            return ScriptedAnswer.ScsiError(SislScsiRc.Check);

        for (uint i = 0; i < blocks; i++)
        {
            Span<byte> data = new((byte*)command.Data + (i * 4096), 4096);
            Execute(lun, command, first + i, data);
        }

        return ScriptedAnswer.Good;
    }

    private static void Execute(
        ScriptedLun lun, in ScriptedCommand command, ulong block, Span<byte> data)
    {
        switch (command.Opcode)
        {
            case ScsiOpcode.Read16:
                lun.Read(block, data);
                break;
            case ScsiOpcode.Write16:
                lun.Write(block, data);
                break;
            case ScsiOpcode.WriteSame16 when command.CdbFlags == ScsiCdb.Unmap:
                lun.Forget(block);
                break;
            default:
                lun.Write(block, new Span<byte>((byte*)command.Data, 4096));
                break;
        }
    }
}
