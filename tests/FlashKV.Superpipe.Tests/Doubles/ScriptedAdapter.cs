using System.Runtime.InteropServices;
using FlashKV.Superpipe.Abi;

namespace FlashKV.Superpipe.Tests.Doubles;

/// <summary>
/// A driver and AFU small enough to be seen through: it carries out real IOARCBs in order, and by a
/// script fails, delays, reorders and goes all ones. Everything is under one lock.
/// </summary>
internal sealed class ScriptedAdapter : IControlTransport<ScriptedRegisters>
{
    internal const int ChunkBlocks = 65536;

    private readonly Dictionary<ulong, ScriptedContext> _contexts = [];
    private readonly Dictionary<int, ScriptedContext> _files = [];
    private readonly HashSet<int> _devices = [];
    private readonly Dictionary<ulong, ulong> _provisioned = [];
    private int _nextDescriptor = 3;
    private uint _nextElement = 1;
    private int _ordinal;

    internal object Sync { get; } = new();

    internal int Seed { get; init; } = 1;

    internal bool UsesRing { get; set; }

    internal int Rooms { get; init; } = 64;

    internal int BlockSize { get; init; } = 4096;

    internal long Chunks { get; set; } = 16;

    internal bool CanUnmap { get; init; } = true;

    internal bool Reorders { get; init; }

    /// <summary>Commands answered by one wait; 0 is all.</summary>
    internal int AnswersPerWait { get; init; }

    internal bool RecordsWrites { get; init; }

    internal bool ResetsHang { get; set; }

    /// <summary>Whether polling a context's descriptor fails.</summary>
    internal bool FailsPolls { get; set; }

    /// <summary>Called when a client begins to reset its context.</summary>
    internal Action ResetBegun { get; set; } = () => { };

    /// <summary>Where a loss shows that shows nowhere else.</summary>
    internal LossPlace Loss { get; private set; }

    internal int ThrowAtWrite { get; set; }

    internal int LoseAfterWrites { get; set; }

    /// <summary>Whether the AFU rests this time, asked at each wait.</summary>
    internal Func<bool> Rests { get; set; } = () => false;

    /// <summary>What to make of each command.</summary>
    internal Func<ScriptedCommand, ScriptedAnswer> Script { get; set; } = _ => ScriptedAnswer.Good;

    /// <summary>Error numbers for the next calls, by request; then they work.</summary>
    internal Dictionary<uint, Queue<Errno>> Refusals { get; } = [];

    /// <summary>Events for the next reads.</summary>
    internal Queue<byte[]> Events { get; } = [];

    internal List<string> Calls { get; } = [];

    internal List<byte[]> VerifySenses { get; } = [];

    internal List<ulong> AttachFlags { get; } = [];

    internal byte[] DebugData { get; private set; } = [];

    internal int UsesAfterUnmap { get; set; }

    internal int RoomViolations { get; set; }

    internal int RingOverruns { get; set; }

    internal int ContextResets { get; set; }

    internal int OpenDescriptors => _devices.Count + _files.Count;

    internal int Mappings { get; private set; }

    internal ScriptedContext OnlyContext => _contexts.Values.Single();

    public Errno Open(string path, DeviceAccess access, out int descriptor)
    {
        lock (Sync)
        {
            descriptor = -1;
            if (!path.StartsWith("/dev/", StringComparison.Ordinal))
                return Errno.NoEntry;
            descriptor = _nextDescriptor++;
            _devices.Add(descriptor);
            return Errno.None;
        }
    }

    public Errno Ioctl(int descriptor, uint request, Span<byte> argument)
    {
        lock (Sync)
        {
            Calls.Add(NameOf(request));
            if (!_devices.Contains(descriptor))
                return Errno.BadDescriptor;
            if (Refusals.TryGetValue(request, out Queue<Errno>? refusals)
                && refusals.TryDequeue(out Errno errno) && errno != Errno.None)
                return errno;

            DkCxlflashHdr header = MemoryMarshal.Read<DkCxlflashHdr>(argument);
            if (header.ReturnFlags != 0 || argument.Length != IoctlRequest.SizeOf(request))
                return Errno.InvalidArgument;
            return Dispatch(descriptor, request, argument);
        }
    }

    public Errno Map(int descriptor, long length, out ScriptedRegisters window)
    {
        lock (Sync)
        {
            window = default;
            if (!_files.TryGetValue(descriptor, out ScriptedContext? context))
                return Errno.InputOutput;
            Calls.Add("map");
            Mappings++;
            window = new ScriptedRegisters(context, context.Mapping);
            return Errno.None;
        }
    }

    public void Unmap(ScriptedRegisters window)
    {
        lock (Sync)
        {
            Calls.Add("unmap");
            Mappings--;
            window.Context!.Unmapped = window.Mapping;
        }
    }

    public Errno Poll(int descriptor, int timeoutMilliseconds, out bool readable)
    {
        lock (Sync)
        {
            readable = Events.Count != 0 || Loss == LossPlace.Read;
            if (FailsPolls || Loss == LossPlace.Poll)
                return Errno.InputOutput;
            return _files.TryGetValue(descriptor, out ScriptedContext? context) && !context.IsLost
                ? Errno.None
                : Errno.InputOutput;
        }
    }

    public Errno Read(int descriptor, Span<byte> buffer, out int length)
    {
        lock (Sync)
        {
            length = 0;
            if (Loss == LossPlace.Read)
                return Errno.InputOutput;
            if (!Events.TryDequeue(out byte[]? data))
                return Errno.TryAgain;
            data.CopyTo(buffer);
            length = data.Length;
            return Errno.None;
        }
    }

    public Errno Close(int descriptor)
    {
        lock (Sync)
        {
            bool isDevice = _devices.Remove(descriptor);
            bool isFile = _files.Remove(descriptor);
            Calls.Add(isDevice ? "close device" : "close context");
            return isDevice || isFile ? Errno.None : Errno.BadDescriptor;
        }
    }

    /// <summary>
    /// Loses all contexts, but so that only one place shows it: the driver knows, and the AFU answers
    /// nothing more.
    /// </summary>
    internal void LoseQuietly(LossPlace place)
    {
        lock (Sync)
            Loss = place;
    }

    /// <summary>Loses all contexts.</summary>
    internal void Reset()
    {
        lock (Sync)
        {
            foreach (ScriptedContext context in _contexts.Values)
                context.Lose();
        }
    }

    internal int NextOrdinal() => _ordinal++;

    internal void Refuse(uint request, params Errno[] errnos) => Refusals[request] = new(errnos);

    private static string NameOf(uint request) => request switch
    {
        IoctlRequest.Attach => "ATTACH",
        IoctlRequest.Detach => "DETACH",
        IoctlRequest.UserDirect => "USER_DIRECT",
        IoctlRequest.UserVirtual => "USER_VIRTUAL",
        IoctlRequest.VlunResize => "VLUN_RESIZE",
        IoctlRequest.VlunClone => "VLUN_CLONE",
        IoctlRequest.Release => "RELEASE",
        IoctlRequest.Verify => "VERIFY",
        IoctlRequest.RecoverAfu => "RECOVER_AFU",
        IoctlRequest.ManageLun => "MANAGE_LUN",
        IoctlRequest.LunProvision => "LUN_PROVISION",
        IoctlRequest.AfuDebug => "AFU_DEBUG",
        _ => throw new ArgumentOutOfRangeException(nameof(request), $"{request:X8}"),
    };

    private Errno Dispatch(int descriptor, uint request, Span<byte> argument) => request switch
    {
        IoctlRequest.Attach => Attach(descriptor, ref As<DkCxlflashAttach>(argument)),
        IoctlRequest.Detach => Detach(descriptor, ref As<DkCxlflashDetach>(argument)),
        IoctlRequest.UserDirect => OpenDirect(ref As<DkCxlflashUdirect>(argument)),
        IoctlRequest.UserVirtual => OpenVirtual(ref As<DkCxlflashUvirtual>(argument)),
        IoctlRequest.VlunResize => Resize(ref As<DkCxlflashResize>(argument)),
        IoctlRequest.VlunClone => Clone(ref As<DkCxlflashClone>(argument)),
        IoctlRequest.Release => Release(ref As<DkCxlflashRelease>(argument)),
        IoctlRequest.Verify => Verify(ref As<DkCxlflashVerify>(argument)),
        IoctlRequest.RecoverAfu => Recover(descriptor, ref As<DkCxlflashRecoverAfu>(argument)),
        IoctlRequest.LunProvision => Provision(ref As<HtCxlflashLunProvision>(argument)),
        IoctlRequest.AfuDebug => Debug(ref As<HtCxlflashAfuDebug>(argument)),
        _ => Errno.None,
    };

    private static ref T As<T>(Span<byte> argument)
        where T : struct => ref MemoryMarshal.AsRef<T>(argument);

    private Errno Attach(int descriptor, ref DkCxlflashAttach argument)
    {
        AttachFlags.Add(argument.Hdr.Flags);
        bool isReuse = (argument.Hdr.Flags & DkCxlflashAttach.ReuseContext) != 0;
        if (isReuse)
        {
            if (!Find(argument.ContextId, out ScriptedContext? known)
                || known.Attachments.Contains(descriptor))
                return Errno.InvalidArgument;
            known.Attachments.Add(descriptor);
            argument.AdapFd = ulong.MaxValue;
        }
        else
        {
            ScriptedContext context = new(this, NewId(), _nextDescriptor++) { Mapping = 1 };
            context.Attachments.Add(descriptor);
            _contexts.Add(context.Id, context);
            _files.Add(context.Descriptor, context);
            argument.ContextId = context.Id;
            argument.AdapFd = (ulong)context.Descriptor;
            argument.Hdr.ReturnFlags = DkCxlflashReturnFlags.AppCloseAdapFd;
        }

        if (UsesRing)
            argument.Hdr.ReturnFlags |= DkCxlflashReturnFlags.ContextSqCmdMode;
        argument.MmioSize = CxlflashLimits.MmioSize;
        argument.BlockSize = (ulong)BlockSize;
        argument.LastLba = LastLba;
        argument.MaxXfer = (ulong)(CxlflashLimits.MaxXferSize / BlockSize);
        return Errno.None;
    }

    private ulong LastLba => (ulong)(Chunks * ChunkBlocks * (4096 / BlockSize)) - 1;

    private ulong NewId() => 0x1234_5678_0000_0000UL | _nextElement++;

    private bool Find(
        ulong id,
        [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out ScriptedContext? context,
        bool allowsLost = false) =>
        _contexts.TryGetValue(id, out context) && (allowsLost || !context.IsLost);

    private Errno Detach(int descriptor, ref DkCxlflashDetach argument)
    {
        if (!Find(argument.ContextId, out ScriptedContext? context, allowsLost: true))
            return Errno.InvalidArgument;
        context.Attachments.Remove(descriptor);
        if (context.Attachments.Count == 0)
            _contexts.Remove(context.Id);
        return Errno.None;
    }

    private Errno OpenDirect(ref DkCxlflashUdirect argument)
    {
        if (!Find(argument.ContextId, out ScriptedContext? context))
            return Errno.InvalidArgument;
        argument.RsrcHandle = Add(context, new ScriptedLun(isVirtual: false)
        {
            BlockCount = (ulong)(Chunks * ChunkBlocks),
        });
        argument.LastLba = LastLba;
        return Errno.None;
    }

    private Errno OpenVirtual(ref DkCxlflashUvirtual argument)
    {
        if (!Find(argument.ContextId, out ScriptedContext? context))
            return Errno.InvalidArgument;
        argument.RsrcHandle = Add(context, new ScriptedLun(isVirtual: true));
        argument.LastLba = ulong.MaxValue;
        return Errno.None;
    }

    private static uint Add(ScriptedContext context, ScriptedLun lun)
    {
        uint handle = 0;
        while (context.Luns.ContainsKey(handle))
            handle++;
        context.Luns.Add(handle, lun);
        return handle;
    }

    private Errno Resize(ref DkCxlflashResize argument)
    {
        if (!Find(argument.ContextId, out ScriptedContext? context, allowsLost: true)
            || !context.Luns.TryGetValue((uint)argument.RsrcHandle, out ScriptedLun? lun))
            return Errno.InvalidArgument;

        long have = (long)lun.BlockCount / ChunkBlocks;
        ulong wanted = (argument.ReqSize / ChunkBlocks)
            + (argument.ReqSize % ChunkBlocks == 0 ? 0UL : 1);
        long granted = (long)Math.Min(wanted, (ulong)(have + Chunks));
        if (wanted > (ulong)have && Chunks == 0)
            return Errno.NoSpace;
        Chunks -= granted - have;
        lun.BlockCount = (ulong)(granted * ChunkBlocks);
        argument.LastLba = lun.BlockCount - 1;
        return Errno.None;
    }

    private Errno Clone(ref DkCxlflashClone argument)
    {
        if (!Find(argument.ContextIdSrc, out ScriptedContext? source)
            || !Find(argument.ContextIdDst, out ScriptedContext? target)
            || target.Luns.Count != 0)
            return Errno.InvalidArgument;
        foreach ((uint handle, ScriptedLun lun) in source.Luns)
            target.Luns.Add(handle, lun);
        return Errno.None;
    }

    private Errno Release(ref DkCxlflashRelease argument)
    {
        if (!Find(argument.ContextId, out ScriptedContext? context, allowsLost: true)
            || !context.Luns.Remove((uint)argument.RsrcHandle, out ScriptedLun? lun))
            return Errno.InvalidArgument;
        if (lun.IsVirtual)
            Chunks += (long)lun.BlockCount / ChunkBlocks;
        return Errno.None;
    }

    private Errno Verify(ref DkCxlflashVerify argument)
    {
        if (!Find(argument.ContextId, out ScriptedContext? context)
            || !context.Luns.TryGetValue((uint)argument.RsrcHandle, out ScriptedLun? lun))
            return Errno.InvalidArgument;
        if (argument.Hint == DkCxlflashVerify.HintSense)
            VerifySenses.Add(((ReadOnlySpan<byte>)argument.SenseData).ToArray());
        argument.LastLba = lun.IsVirtual ? lun.BlockCount - 1 : LastLba;
        return Errno.None;
    }

    private Errno Provision(ref HtCxlflashLunProvision argument)
    {
        if (argument.Port >= 2)
            return Errno.InvalidArgument;
        switch (argument.Hdr.Subcmd)
        {
            case HtCxlflashLunProvision.SubcmdCreateLun:
                argument.LunId = (ulong)_provisioned.Count + 7;
                argument.Wwid[0] = 0x60;
                argument.Wwid[15] = (byte)argument.Port;
                _provisioned.Add(argument.LunId, argument.Size);
                return Errno.None;
            case HtCxlflashLunProvision.SubcmdDeleteLun:
                return _provisioned.Remove(argument.LunId) ? Errno.None : Errno.InputOutput;
            case HtCxlflashLunProvision.SubcmdQueryPort:
                argument.MaxNumLuns = 8;
                argument.CurNumLuns = (ulong)_provisioned.Count;
                argument.MaxCapPort = 1000;
                argument.CurCapPort = _provisioned.Values.Aggregate(0ul, (a, b) => a + b);
                return Errno.None;
            default:
                return Errno.InvalidArgument;
        }
    }

    // Reading gives the command's bytes again and again; writing keeps the data.
    private unsafe Errno Debug(ref HtCxlflashAfuDebug argument)
    {
        Span<byte> data = new((void*)argument.DataEa, (int)argument.DataLen);
        if (argument.Hdr.Flags == HtCxlflashHdr.HostWrite)
        {
            DebugData = data.ToArray();
            return Errno.None;
        }

        for (int i = 0; i < data.Length; i++)
            data[i] = argument.AfuSubcmd[i % 12];
        return Errno.None;
    }

    private Errno Recover(int descriptor, ref DkCxlflashRecoverAfu argument)
    {
        if (!Find(argument.ContextId, out ScriptedContext? context, allowsLost: true)
            || !context.Attachments.Contains(descriptor))
            return Errno.InvalidArgument;
        if (!context.IsLost && Loss == LossPlace.None)
            return Errno.None;

        Loss = LossPlace.None;

        _contexts.Remove(context.Id);
        context.Revive(
            (context.Id & 0xFFFF_FFFF_0000_0000) | _nextElement++, _nextDescriptor++);
        _contexts.Add(context.Id, context);
        _files.Add(context.Descriptor, context);
        argument.ContextId = context.Id;
        argument.AdapFd = (ulong)context.Descriptor;
        argument.MmioSize = CxlflashLimits.MmioSize;
        argument.Hdr.ReturnFlags = DkCxlflashReturnFlags.AppCloseAdapFd
            | DkCxlflashReturnFlags.RecoverAfuContextReset
            | (UsesRing ? DkCxlflashReturnFlags.ContextSqCmdMode : 0);
        return Errno.None;
    }
}
