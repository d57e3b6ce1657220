using System.Diagnostics;
using FlashKV.SimBackend.Afu;
using FlashKV.Superpipe;
using FlashKV.Superpipe.Abi;

namespace FlashKV.SimBackend.Driver;

/// <summary>
/// The driver of one simulated adapter: descriptors, ioctls, contexts, LUNs and chunks, with the
/// checks and error numbers of the original in their order (SP §2, §3).
/// </summary>
/// <remarks>
/// Methods whose name ends in "Unsynchronized" expect the module's lock to be held.
/// </remarks>
internal sealed partial class AdapterDriver : IDisposable
{
    private readonly object _lock;
    private readonly DriverModule _module;
    private readonly AfuModel _afu;
    private readonly List<ScsiDevice> _devices = [];
    private readonly List<LocalLun> _localLuns = [];
    private readonly LunTable _lunTable;
    private readonly ContextTable _contexts;
    private readonly CommandCounters _pastCounters = new();
    private readonly int _handlesPerContext;

    internal AdapterDriver(
        DriverModule module, AfuModel afu, int contextCount, int handlesPerContext)
    {
        _module = module;
        _lock = module.Lock;
        _afu = afu;
        _lunTable = new LunTable(afu);
        _contexts = new ContextTable(contextCount);
        _handlesPerContext = handlesPerContext;
        Number = module.AddAdapter(this);
        ListDevices();
        afu.Registers.InterruptRaised += HandleAsyncInterrupt;
    }

    /// <summary>The number of the adapter in its machine, which names its own node.</summary>
    internal int Number { get; }

    /// <summary>Whether the adapter has ended.</summary>
    internal bool IsDisposed { get; private set; }

    /// <summary>
    /// The device nodes: the first path of each LUN, then the second paths, and so on.
    /// </summary>
    internal IReadOnlyList<ScsiDevice> Devices => _devices;

    /// <summary>The number of contexts, those in error included.</summary>
    internal int ContextCount => Locked(() => _contexts.Count);

    /// <summary>The ids of all contexts, those in error included.</summary>
    internal IReadOnlyList<ulong> ContextIds =>
        Locked(() => _contexts.All.Select(context => context.Id.Value).ToArray());

    /// <summary>The number of resource handles in use.</summary>
    internal int HandleCount => Locked(() => _contexts.All.Sum(context => context.HandleCount));

    /// <summary>The number of open descriptors of the machine.</summary>
    internal int DescriptorCount => _module.DescriptorCount;

    /// <summary>The chunks of a LUN; <see langword="null"/> while it has no virtual LUNs.</summary>
    internal ChunkAllocator? ChunksOf(int lun) => Locked(() => _devices.Find(
        device => device.Target.Index == lun && device.Lun is not null)?.Lun!.Parent.Chunks);

    /// <summary>A context, on the AFU or in error.</summary>
    internal DriverContext? ContextOf(ulong id) =>
        Locked(() => _contexts.All.FirstOrDefault(context => context.Id.Value == id));

    /// <summary>The AFU's LUN table of a port.</summary>
    internal ulong[] LunTableOf(int port) => _afu.LunTable(port);

    /// <summary>Says whether a caller may map the window of a context (SP §2.9).</summary>
    /// <returns>EIO for a context that is not the caller's, EINVAL for a bad length.</returns>
    internal Errno CheckMapUnsynchronized(Caller caller, ContextFile file, long length)
    {
        DriverContext? context = _contexts.FindByFile(file);
        if (context is not { IsUnavailable: false } || context.OwnerProcess != caller.ProcessId)
        {
            return Errno.InputOutput;
        }

        return length is < 1 or > CxlflashLimits.MmioSize ? Errno.InvalidArgument : Errno.None;
    }

    /// <summary>Adds up what all contexts have done, present and past.</summary>
    internal CommandCounters SumCounters()
    {
        lock (_lock)
        {
            CommandCounters total = new();
            total.Add(_pastCounters);
            foreach (ContextFile file in _contexts.Files)
            {
                file.Afu.AddCounters(total);
            }

            return total;
        }
    }

    /// <summary>Ends the adapter: every context is lost, and their tables are freed.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            IsDisposed = true;
            _hasFailed = true;
            Monitor.PulseAll(_lock);
            foreach (DriverContext context in _contexts.All.ToArray())
            {
                context.Afu.Lose();
            }

            while (_contexts.All.FirstOrDefault(context => !context.IsHung) is { } context)
            {
                if (context.IsLocked)
                {
                    Monitor.Wait(_lock);
                }
                else
                {
                    End(context);
                }
            }
        }
    }

    private void ListDevices()
    {
        for (int rank = 0; rank < _afu.PortCount; rank++)
        {
            foreach (AfuTarget target in _afu.Targets)
            {
                int channel = NthBit(target.Ports, rank);
                if (channel >= 0)
                {
                    AddDevice(channel, target);
                }
            }
        }
    }

    private void AddDevice(int channel, AfuTarget target)
    {
        ScsiDevice device = new(_module.NextDevicePath, this, channel, target);
        _devices.Add(device);
        _module.AddDevice(device);
    }

    private static int NthBit(int mask, int rank)
    {
        for (; rank > 0; rank--)
        {
            mask &= mask - 1;
        }

        return mask == 0 ? -1 : int.TrailingZeroCount(mask);
    }

    private T Locked<T>(Func<T> read)
    {
        lock (_lock)
        {
            return read();
        }
    }

    /// <summary>Closes a context's file: its last reference is gone (SP §2.10).</summary>
    internal void ReleaseUnsynchronized(Caller caller, ContextFile file)
    {
        ApplyPendingReset();
        DriverContext? context = _contexts.FindByFile(file);
        while (context is { IsLocked: true })
        {
            Monitor.Wait(_lock);
            context = _contexts.FindByFile(file);
        }

        if (context is not null && context.OwnerProcess != caller.ProcessId)
        {
            if (context.OwnerProcess == caller.ParentProcessId)
            {
                // A child has closed its copy last: the parent's context stays as it is.
                return;
            }

            context = Has(OriginalDefects.ForeignCloseLeaks) ? null : context;
        }

        if (context is not null && !End(context))
        {
            return;
        }

        file.Afu.Lose();
        file.Afu.AddCounters(_pastCounters);
        _contexts.Vacate(file);
        PublishLiveContexts();
    }

    // Releases all that a context holds, and the context, which nobody has. Says whether it could.
    private bool End(DriverContext context)
    {
        if (!TryCloseLanes(context))
        {
            // A transfer hangs in the medium: the tables stay where it can reach them.
            context.Afu.Lose();
            context.IsHung = true;
            return false;
        }

        ReleaseAllHandles(context);
        Destroy(context);
        LetGo(context);
        return true;
    }

    private void ReleaseAllHandles(DriverContext context)
    {
        foreach (LunAccess access in context.Accesses)
        {
            ReleaseHandlesOf(context, access);
        }
    }

    // Takes a context off the AFU and out of the table. Lanes are closed.
    private void Destroy(DriverContext context)
    {
        Debug.Assert(context.HandleCount == 0, "all handles were released");
        context.Afu.Lose();
        context.Afu.Control.Write(SislCtrlMap.RhtStart, 0);
        context.Afu.Control.Write(SislCtrlMap.RhtCntId, 0);
        _ = context.Afu.Control.Read(SislCtrlMap.MboxR);
        context.Afu.Control.Write(SislCtrlMap.CtxCap, 0);
        _contexts.Remove(context, Has(OriginalDefects.DestroyEvicts));
        context.Dispose();
    }
}
