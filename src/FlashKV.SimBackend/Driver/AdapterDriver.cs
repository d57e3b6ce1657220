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
/// Calls are rare and take one lock. Threads on the data path never take it, so the driver may wait
/// for their transfers while it holds it.
/// </remarks>
internal sealed partial class AdapterDriver : IDisposable
{
    /// <summary>The node that carries the host ioctls.</summary>
    internal const string HostNode = "/dev/cxlflash/cxlflash0";

    private readonly object _lock = new();
    private readonly AfuModel _afu;
    private readonly ScsiDevice[] _devices;
    private readonly Dictionary<AfuTarget, GlobalLun> _globalLuns = [];
    private readonly List<LocalLun> _localLuns = [];
    private readonly LunTable _lunTable;
    private readonly DescriptorTable _descriptors = new();
    private readonly ContextTable _contexts;
    private readonly CommandCounters _pastCounters = new();
    private bool _isDisposed;

    internal AdapterDriver(AfuModel afu, int contextCount)
    {
        _afu = afu;
        _lunTable = new LunTable(afu);
        _contexts = new ContextTable(contextCount);
        _devices = ListDevices(afu);
    }

    /// <summary>
    /// The device nodes: the first path of each LUN, then the second paths, and so on.
    /// </summary>
    internal IReadOnlyList<ScsiDevice> Devices => _devices;

    /// <summary>The number of contexts, those in error included.</summary>
    internal int ContextCount => Locked(() => _contexts.Count);

    /// <summary>The number of resource handles in use.</summary>
    internal int HandleCount => Locked(() => _contexts.All.Sum(context => context.HandleCount));

    /// <summary>The number of open descriptors.</summary>
    internal int DescriptorCount => Locked(() => _descriptors.Count);

    /// <summary>The chunks of a LUN; <see langword="null"/> while it has no virtual LUNs.</summary>
    internal ChunkAllocator? ChunksOf(int lun) =>
        Locked(() => _globalLuns.GetValueOrDefault(_afu.Targets[lun])?.Chunks);

    /// <summary>Opens a node.</summary>
    /// <param name="path">The path of the node.</param>
    /// <param name="access">How to open it.</param>
    /// <param name="descriptor">The descriptor.</param>
    /// <returns>ENOENT for an unknown path.</returns>
    internal Errno Open(string path, DeviceAccess access, out int descriptor)
    {
        descriptor = -1;
        lock (_lock)
        {
            ScsiDevice? device = Array.Find(_devices, device => device.Path == path);
            object? file = device is not null ? new DeviceFile(device, access)
                : path == HostNode ? HostFile.Instance : null;
            if (file is null || _isDisposed)
            {
                return file is null ? Errno.NoEntry : Errno.NoDevice;
            }

            descriptor = _descriptors.Add(file);
            return Errno.None;
        }
    }

    /// <summary>Closes a descriptor.</summary>
    internal Errno Close(Caller caller, int descriptor)
    {
        lock (_lock)
        {
            ApplyPendingReset();
            object? file = _descriptors.Remove(descriptor);
            if (file is ContextFile context)
            {
                RemoveReference(caller, context);
            }

            return file is null ? Errno.BadDescriptor : Errno.None;
        }
    }

    /// <summary>Maps the window of a context (SP §2.9).</summary>
    /// <returns>EIO for a context that is not the caller's, EINVAL for a bad length.</returns>
    internal Errno Map(
        Caller caller, int descriptor, long length, out RegisterMapping? mapping)
    {
        mapping = null;
        lock (_lock)
        {
            if (_descriptors.Find(descriptor) is not ContextFile file)
            {
                return Errno.BadDescriptor;
            }

            DriverContext? context = _contexts.FindByFile(file);
            if (context is null || context.OwnerProcess != caller.ProcessId)
            {
                return Errno.InputOutput;
            }

            if (length is < 1 or > CxlflashLimits.MmioSize)
            {
                return Errno.InvalidArgument;
            }

            file.AddReference();
            mapping = new RegisterMapping(file, file.Afu);
            return Errno.None;
        }
    }

    /// <summary>Removes a mapping.</summary>
    internal void Unmap(Caller caller, RegisterMapping mapping)
    {
        if (mapping.TryRemove())
        {
            lock (_lock)
            {
                ApplyPendingReset();
                RemoveReference(caller, (ContextFile)mapping.File);
            }
        }
    }

    /// <summary>Waits for an event of a context.</summary>
    internal Errno Poll(int descriptor, int timeoutMilliseconds, out bool readable)
    {
        readable = false;
        ContextFile? file = FindContextFile(descriptor);
        return file is null
            ? Errno.BadDescriptor
            : file.Afu.Events.Poll(timeoutMilliseconds, out readable);
    }

    /// <summary>Takes an event of a context.</summary>
    internal Errno Read(int descriptor, Span<byte> buffer, out int length)
    {
        length = 0;
        ContextFile? file = FindContextFile(descriptor);
        return file is null
            ? Errno.BadDescriptor
            : file.Afu.Events.Read(buffer, out length);
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
            _isDisposed = true;
            _hasFailed = true;
            foreach (DriverContext context in _contexts.All.ToArray())
            {
                context.Afu.Lose();
                using LaneClosure closure = new(context.Afu);
                if (closure.IsClosed)
                {
                    ReleaseAllHandles(context);
                    Destroy(context);
                }
            }
        }
    }

    private static ScsiDevice[] ListDevices(AfuModel afu)
    {
        List<ScsiDevice> devices = [];
        for (int rank = 0; rank < afu.PortCount; rank++)
        {
            foreach (AfuTarget target in afu.Targets)
            {
                int channel = NthBit(target.Ports, rank);
                if (channel >= 0)
                {
                    devices.Add(new ScsiDevice($"/dev/sg{devices.Count}", channel, target));
                }
            }
        }

        return [.. devices];
    }

    private static int NthBit(int mask, int rank)
    {
        for (; rank > 0; rank--)
        {
            mask &= mask - 1;
        }

        return mask == 0 ? -1 : int.TrailingZeroCount(mask);
    }

    private ContextFile? FindContextFile(int descriptor)
    {
        lock (_lock)
        {
            return _descriptors.Find(descriptor) as ContextFile;
        }
    }

    private T Locked<T>(Func<T> read)
    {
        lock (_lock)
        {
            return read();
        }
    }

    // The last reference to a context's file ends the context if its owner gives it up.
    private void RemoveReference(Caller caller, ContextFile file)
    {
        if (!file.RemoveReference())
        {
            return;
        }

        DriverContext? context = _contexts.FindByFile(file);
        if (context is not null && context.OwnerProcess == caller.ParentProcessId)
        {
            // A child has closed its copy last: the parent's context stays as it is.
            return;
        }

        if (context is not null)
        {
            using LaneClosure closure = new(context.Afu);
            if (!closure.IsClosed)
            {
                // A transfer hangs in the medium: the tables stay where it can reach them.
                context.Afu.Lose();
                return;
            }

            ReleaseAllHandles(context);
            Destroy(context);
        }

        file.Afu.Lose();
        file.Afu.AddCounters(_pastCounters);
        _contexts.Vacate(file);
        PublishLiveContexts();
    }

    private void ReleaseAllHandles(DriverContext context)
    {
        foreach (LocalLun lun in context.Luns.ToArray())
        {
            ReleaseHandlesOf(context, lun);
        }

        context.Luns.Clear();
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
        _contexts.Remove(context);
        context.Dispose();
    }
}
