using FlashKV.Superpipe.Abi;
using FlashKV.Superpipe.Scheduling;

namespace FlashKV.Superpipe.Doubles;

/// <summary>
/// Driver and AFU of one context, as little as a batch needs. Each register access, each answer and
/// each call is one step of the schedule; nothing else here is, so no lock is needed.
/// </summary>
internal sealed unsafe class ModelDevice : IControlTransport<ModelRegisters>
{
    private readonly ulong[] _registers = new ulong[16];
    private readonly Queue<ulong> _pending = [];
    private ulong _cursor;
    private ulong _toggle = SislRrq.FirstToggle;
    private ulong _sqHead;
    private uint _element = 1;

    /// <summary>Rooms of the context.</summary>
    internal int Rooms { get; init; } = 16;

    /// <summary>Whether commands come through the ring.</summary>
    internal bool UsesRing { get; init; }

    /// <summary>Commands to answer with a busy LUN before all is well.</summary>
    internal int Failures { get; set; }

    /// <summary>The window that is alive.</summary>
    internal int Mapping { get; private set; }

    /// <summary>Whether registers read all ones.</summary>
    internal bool IsLost { get; private set; }

    /// <summary>Commands that were carried out and answered.</summary>
    internal int Answered { get; private set; }

    internal int RoomViolations { get; private set; }

    internal int UsesAfterUnmap { get; private set; }

    internal int Recoveries { get; private set; }

    private int Unmapped { get; set; }

    internal void Lose()
    {
        Scheduler.Point();
        IsLost = true;
        _pending.Clear();

        // What a lost adapter may leave where the next answer belongs: it is noticed at once.
        *(ulong*)_cursor = SislHostMap.AllOnes;
    }

    internal ulong Read(int mapping, int offset)
    {
        Scheduler.Point();
        Note(mapping);
        if (IsLost || mapping != Mapping)
            return SislHostMap.AllOnes;
        return offset == SislHostMap.CmdRoom ? (ulong)(Rooms - _pending.Count) : 0;
    }

    internal void Write(int mapping, int offset, ulong value)
    {
        Scheduler.Point();
        Note(mapping);
        if (IsLost || mapping != Mapping)
            return;
        _registers[offset / 8] = value;
        switch (offset)
        {
            case SislHostMap.RrqStart:
                _cursor = value;
                _toggle = SislRrq.FirstToggle;
                break;
            case SislHostMap.SqStart:
                _sqHead = value;
                break;
            case SislHostMap.Ioarrin:
                RoomViolations += _pending.Count == Rooms ? 1 : 0;
                _pending.Enqueue(value);
                break;
            case SislHostMap.SqTail:
                TakeFromRing(value);
                break;
        }
    }

    /// <summary>Answers one command, and lets others go on.</summary>
    internal void Wait(int mapping)
    {
        Note(mapping);
        if (!IsLost && mapping == Mapping && _pending.TryDequeue(out ulong command))
            Answer(command);
        Scheduler.Yield();
    }

    public Errno Open(string path, DeviceAccess access, out int descriptor)
    {
        descriptor = 3;
        return Errno.None;
    }

    public Errno Ioctl(int descriptor, uint request, Span<byte> argument)
    {
        Scheduler.Point();
        switch (request)
        {
            case IoctlRequest.Attach:
                Attach(ref As<DkCxlflashAttach>(argument));
                return Errno.None;
            case IoctlRequest.VlunResize:
                As<DkCxlflashResize>(argument).LastLba = 65535;
                return Errno.None;
            case IoctlRequest.RecoverAfu:
                Recover(ref As<DkCxlflashRecoverAfu>(argument));
                return Errno.None;
            default:
                return Errno.None;
        }
    }

    public Errno Map(int descriptor, long length, out ModelRegisters window)
    {
        window = new ModelRegisters(this, Mapping);
        return Errno.None;
    }

    public void Unmap(ModelRegisters window) => Unmapped = window.Mapping;

    public Errno Poll(int descriptor, int timeoutMilliseconds, out bool readable)
    {
        readable = false;
        return Errno.None;
    }

    public Errno Read(int descriptor, Span<byte> buffer, out int length)
    {
        length = 0;
        return Errno.TryAgain;
    }

    public Errno Close(int descriptor) => Errno.None;

    private static ref T As<T>(Span<byte> argument)
        where T : struct => ref System.Runtime.InteropServices.MemoryMarshal.AsRef<T>(argument);

    private void Note(int mapping) => UsesAfterUnmap += mapping <= Unmapped ? 1 : 0;

    private void Attach(ref DkCxlflashAttach argument)
    {
        argument.ContextId = _element;
        argument.AdapFd = 4;
        argument.MmioSize = CxlflashLimits.MmioSize;
        argument.BlockSize = 4096;
        argument.LastLba = 65535;
        argument.MaxXfer = 4096;
        argument.Hdr.ReturnFlags = ModeFlag;
        Mapping = 1;
    }

    private void Recover(ref DkCxlflashRecoverAfu argument)
    {
        if (!IsLost)
            return;

        IsLost = false;
        Recoveries++;
        Mapping++;
        argument.ContextId = ++_element;
        argument.AdapFd = 4;
        argument.MmioSize = CxlflashLimits.MmioSize;
        argument.Hdr.ReturnFlags = DkCxlflashReturnFlags.RecoverAfuContextReset | ModeFlag;
    }

    private DkCxlflashReturnFlags ModeFlag =>
        UsesRing ? DkCxlflashReturnFlags.ContextSqCmdMode : DkCxlflashReturnFlags.None;

    private void TakeFromRing(ulong tail)
    {
        while (_sqHead != tail)
        {
            _pending.Enqueue(((SislIoarcb*)_sqHead)->Ioasa);
            _sqHead = _sqHead == _registers[SislHostMap.SqEnd / 8]
                ? _registers[SislHostMap.SqStart / 8]
                : _sqHead + SislIoarcb.SizeInBytes;
        }
    }

    private void Answer(ulong address)
    {
        SislIoasa* ioasa = (SislIoasa*)(UsesRing ? address : address + SislIoarcb.SizeInBytes);
        *ioasa = default;
        if (Failures > 0)
        {
            Failures--;
            ioasa->FcRc = SislFcRc.LinkDown;
        }

        *(ulong*)_cursor = SislRrq.Pack(address, _toggle);
        Answered++;
        if (_cursor == _registers[SislHostMap.RrqEnd / 8])
        {
            _cursor = _registers[SislHostMap.RrqStart / 8];
            _toggle ^= SislRrq.ToggleBit;
        }
        else
        {
            _cursor += SislRrq.EntrySizeInBytes;
        }
    }
}
