using FlashKV.SimBackend.Afu;
using FlashKV.SimBackend.Driver;
using FlashKV.Superpipe;
using FlashKV.Superpipe.Abi;

namespace FlashKV.SimBackend.Tests;

/// <summary>
/// A client as small as one can be: raw ioctls on one device path and one context with its rings.
/// </summary>
internal sealed class TestClient : IDisposable
{
    internal const int Slots = 64;

    private readonly AlignedMemory _rings = new(4);
    private readonly HostProcess? _process;
    private ulong _toggle = 1;
    private int _cursor;
    private int _slot;

    internal TestClient(
        SimulatedAdapter adapter,
        int process = 100,
        int parent = 1,
        string path = "/dev/sg0",
        DeviceAccess access = DeviceAccess.ReadWrite,
        ClientMemory memory = default)
    {
        _process = adapter.Module.ProcessOf(new Caller(process, parent, memory));
        Transport = new DriverTransport(_process);
        IsRing = adapter.SubmissionMode == SubmissionMode.SubmissionQueue;
        Assert.Equal(Errno.None, Transport.Open(path, access, out int device));
        Device = device;
    }

    internal TestClient(
        IControlTransport<ContextRegisters> transport,
        SubmissionMode mode,
        string path = "/dev/sg0",
        DeviceAccess access = DeviceAccess.ReadWrite)
    {
        Transport = transport;
        IsRing = mode == SubmissionMode.SubmissionQueue;
        Assert.Equal(Errno.None, Transport.Open(path, access, out int device));
        Device = device;
    }

    internal HostProcess Process =>
        _process ?? throw new InvalidOperationException("a process that the test only plays");

    internal IControlTransport<ContextRegisters> Transport { get; }

    internal int Device { get; }

    internal bool IsRing { get; }

    internal int ContextDescriptor { get; private set; } = -1;

    internal ulong ContextId { get; set; }

    internal ContextRegisters Window { get; private set; }

    internal ushort Handle => (ushort)ContextId;

    internal ulong ResponseRing => (ulong)_rings.Address;

    private ulong SubmissionRing => (ulong)_rings.Address + 4096;

    private ulong Commands => (ulong)_rings.Address + (2 * 4096);

    internal Errno Ioctl<T>(uint request, ref T argument)
        where T : unmanaged =>
        Transport.Ioctl(Device, request, AbiBytes.Of(ref argument));

    internal Errno TryAttach(
        out DkCxlflashAttach attach, ulong flags = 2, ulong reuse = 0, ulong interrupts = 4)
    {
        attach = default;
        attach.NumInterrupts = interrupts;
        attach.Hdr.Flags = flags | (reuse == 0 ? 0 : DkCxlflashAttach.ReuseContext);
        attach.ContextId = reuse;
        Errno errno = Ioctl(IoctlRequest.Attach, ref attach);
        if (errno == Errno.None && reuse == 0)
        {
            ContextId = attach.ContextId;
            ContextDescriptor = (int)attach.AdapFd;
        }

        return errno;
    }

    /// <summary>Attaches, maps the window and programs the rings.</summary>
    internal TestClient Attach(DeviceAccess access = DeviceAccess.ReadWrite)
    {
        Assert.Equal(Errno.None, TryAttach(out _, (ulong)access));
        MapWindow();
        return this;
    }

    internal void MapWindow()
    {
        Assert.Equal(
            Errno.None,
            Transport.Map(ContextDescriptor, 0x10000, out ContextRegisters window));
        Window = window;
        _rings.Bytes[..8192].Clear();
        _cursor = 0;
        _slot = 0;
        _toggle = 1;
        Window.Write(SislHostMap.RrqStart, ResponseRing);
        Window.Write(SislHostMap.RrqEnd, ResponseRing + ((Slots - 1) * 8));
        if (IsRing)
        {
            Window.Write(SislHostMap.SqStart, SubmissionRing);
            Window.Write(SislHostMap.SqEnd, SubmissionRing + ((Slots - 1) * 64));
        }

        Window.Write(SislHostMap.CtxCtrl, 1);
        Window.Write(SislHostMap.IntrMask, ~0x1FUL);
    }

    internal Errno TryOpenVirtual(
        ulong blocks, out DkCxlflashUvirtual argument, ulong flags = 0, ulong? context = null)
    {
        argument = default;
        argument.ContextId = context ?? ContextId;
        argument.LunSize = blocks;
        argument.Hdr.Flags = flags;
        return Ioctl(IoctlRequest.UserVirtual, ref argument);
    }

    internal uint OpenVirtual(ulong blocks, bool scrub = false)
    {
        ulong flags = scrub ? DkCxlflashUvirtual.NeedWriteSame : 0;
        Assert.Equal(Errno.None, TryOpenVirtual(blocks, out DkCxlflashUvirtual argument, flags));
        return (uint)argument.RsrcHandle;
    }

    internal Errno TryOpenDirect(out DkCxlflashUdirect argument, ulong? context = null)
    {
        argument = default;
        argument.ContextId = context ?? ContextId;
        return Ioctl(IoctlRequest.UserDirect, ref argument);
    }

    internal uint OpenDirect()
    {
        Assert.Equal(Errno.None, TryOpenDirect(out DkCxlflashUdirect argument));
        return (uint)argument.RsrcHandle;
    }

    internal Errno Resize(
        ulong handle, ulong blocks, out ulong lastLba, ulong? context = null)
    {
        DkCxlflashResize argument = default;
        argument.ContextId = context ?? ContextId;
        argument.RsrcHandle = handle;
        argument.ReqSize = blocks;
        Errno errno = Ioctl(IoctlRequest.VlunResize, ref argument);
        lastLba = argument.LastLba;
        return errno;
    }

    internal Errno Release(ulong handle, ulong? context = null)
    {
        DkCxlflashRelease argument = default;
        argument.ContextId = context ?? ContextId;
        argument.RsrcHandle = handle;
        return Ioctl(IoctlRequest.Release, ref argument);
    }

    internal Errno Detach(ulong? context = null)
    {
        DkCxlflashDetach argument = default;
        argument.ContextId = context ?? ContextId;
        return Ioctl(IoctlRequest.Detach, ref argument);
    }

    internal Errno Verify(
        ulong handle, out ulong lastLba, byte[]? sense = null, ulong? context = null)
    {
        DkCxlflashVerify argument = default;
        argument.ContextId = context ?? ContextId;
        argument.RsrcHandle = handle;
        argument.Hint = sense is null ? 0 : DkCxlflashVerify.HintSense;
        sense?.AsSpan(0, 18).CopyTo(argument.SenseData);
        Errno errno = Ioctl(IoctlRequest.Verify, ref argument);
        lastLba = argument.LastLba;
        return errno;
    }

    internal Errno TryRecover(out DkCxlflashRecoverAfu argument, ulong? context = null)
    {
        argument = default;
        argument.ContextId = context ?? ContextId;
        return Ioctl(IoctlRequest.RecoverAfu, ref argument);
    }

    /// <summary>
    /// Recovers after a reset, as SP §5.7 says: new window, then the old one closed.
    /// </summary>
    internal void Recover()
    {
        Assert.Equal(Errno.None, TryRecover(out DkCxlflashRecoverAfu recovered));
        Assert.True(recovered.Hdr.ReturnFlags.HasFlag(
            DkCxlflashReturnFlags.RecoverAfuContextReset));
        (int oldDescriptor, ContextRegisters oldWindow) = (ContextDescriptor, Window);
        ContextId = recovered.ContextId;
        ContextDescriptor = (int)recovered.AdapFd;
        MapWindow();
        Transport.Unmap(oldWindow);
        Assert.Equal(Errno.None, Transport.Close(oldDescriptor));
    }

    internal Errno Clone(ulong source)
    {
        DkCxlflashClone argument = default;
        argument.ContextIdSrc = source;
        argument.ContextIdDst = ContextId;
        return Ioctl(IoctlRequest.VlunClone, ref argument);
    }

    /// <summary>An IOARCB for one of the usual commands, ready to be changed and sent.</summary>
    internal SislIoarcb Command(
        byte opcode, uint handle, ulong lba, uint count, nint data, byte cdbFlags = 0)
    {
        SislIoarcb command = default;
        command.CtxId = Handle;
        command.ReqFlags = SislReqFlags.ResHndl
            | (opcode == ScsiOpcode.Read16 ? SislReqFlags.None : SislReqFlags.HostWrite);
        command.ResHndl = handle;
        command.DataLen = count * 4096;
        command.DataEa = (ulong)data;
        ScsiCdb.WriteRead16(command.Cdb, lba, count);
        command.Cdb[0] = opcode;
        command.Cdb[1] = cdbFlags;
        return command;
    }

    internal delegate void CommandChange(ref SislIoarcb command);

    /// <summary>The first entry of the response ring as it is in memory.</summary>
    internal ulong FirstResponse => BitConverter.ToUInt64(Bytes(ResponseRing, 8));

    /// <summary>The answer to a command, as it is in memory.</summary>
    /// <param name="handle">What its response entry holds.</param>
    internal SislIoasa IoasaOf(ulong handle) =>
        AbiBytes.Read<SislIoasa>(Bytes(handle + (IsRing ? 0UL : 64), 64));

    /// <summary>Sends a command without waiting.</summary>
    /// <param name="command">The command.</param>
    /// <param name="prepare">A change to make when all fields are filled in.</param>
    /// <returns>What its response entry will hold.</returns>
    internal ulong Send(SislIoarcb command, CommandChange? prepare = null)
    {
        int slot = _slot++ % (IsRing ? Slots : 32);
        ulong block = Commands + (ulong)(slot % 32 * 128);
        Bytes(block + 64, 64).Fill(0xFF);
        command.Ioasa = IsRing ? block + 64 : 0;
        prepare?.Invoke(ref command);
        ulong address = IsRing ? SubmissionRing + (ulong)(slot * 64) : block;
        AbiBytes.Write(Bytes(address, 64), in command);
        if (IsRing)
        {
            ulong next = SubmissionRing + (ulong)((slot + 1) % Slots * 64);
            Window.Write(SislHostMap.SqTail, next);
        }
        else
        {
            Window.Write(SislHostMap.Ioarrin, block);
        }

        return IsRing ? block + 64 : block;
    }

    /// <summary>Takes the next response.</summary>
    /// <param name="ioasa">The answer.</param>
    /// <param name="waits">How often to wait for it.</param>
    /// <returns>The handle in the response; 0 when none came.</returns>
    internal ulong TryReceive(out SislIoasa ioasa, int waits = 1000)
    {
        ioasa = default;
        for (int i = 0; i <= waits; i++)
        {
            ulong entry = BitConverter.ToUInt64(Bytes(ResponseRing + (ulong)(_cursor * 8), 8));
            if (entry != 0 && (entry & 1) == _toggle)
            {
                _cursor = (_cursor + 1) % Slots;
                _toggle ^= _cursor == 0 ? 1UL : 0;
                ulong handle = entry & ~1UL;
                ioasa = IoasaOf(handle);
                return handle;
            }

            Window.Wait();
        }

        return 0;
    }

    /// <summary>Sends a command and waits for its answer.</summary>
    internal SislIoasa Execute(SislIoarcb command)
    {
        ulong sent = Send(command);
        Assert.Equal(sent, TryReceive(out SislIoasa ioasa));
        return ioasa;
    }

    internal SislIoasa Execute(
        byte opcode, uint handle, ulong lba, uint count, nint data, byte cdbFlags = 0) =>
        Execute(Command(opcode, handle, lba, count, data, cdbFlags));

    internal void ExecuteGood(
        byte opcode, uint handle, ulong lba, uint count, nint data, byte cdbFlags = 0) =>
        Assert.Equal(0u, Execute(opcode, handle, lba, count, data, cdbFlags).Ioasc);

    /// <summary>Resets the context and waits for the end of it.</summary>
    internal void ResetContext()
    {
        int register = IsRing ? SislHostMap.SqCtxReset : SislHostMap.Ioarrin;
        Window.Write(register, 1);
        Assert.True(SpinWait.SpinUntil(() => (Window.Read(register) & 1) == 0, 10_000));
        _slot = IsRing
            ? (int)((Window.Read(SislHostMap.SqTail) - SubmissionRing) / 64)
            : _slot;
    }

    /// <summary>Unmaps, detaches and closes in the orderly way (SP §5.10).</summary>
    internal void Leave()
    {
        if (ContextDescriptor >= 0)
        {
            Transport.Unmap(Window);
            Assert.Equal(Errno.None, Detach());
            Assert.Equal(Errno.None, Transport.Close(ContextDescriptor));
            ContextDescriptor = -1;
        }

        Assert.Equal(Errno.None, Transport.Close(Device));
    }

    public void Dispose() => _rings.Dispose();

    private static Span<byte> Bytes(ulong address, int length) =>
        new MemoryRun((nint)address, 1).AsSpan()[..length];
}
