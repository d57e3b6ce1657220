using FlashKV.Superpipe;
using FlashKV.Superpipe.Abi;

namespace FlashKV.SimBackend.Driver;

/// <summary>
/// What the drivers of all adapters of one machine share (SP §3.1): the list of global LUNs by
/// WWID, the device nodes, the processes.
/// </summary>
/// <remarks>
/// Calls are rare and take one lock, which they let go while they wait for anything slow: see
/// HeldContext. Threads on the data path never take it.
/// </remarks>
internal sealed class DriverModule
{
    private const string HostNodePrefix = "/dev/cxlflash/cxlflash";
    private const string DeviceNodePrefix = "/dev/sg";

    private readonly List<AdapterDriver> _adapters = [];
    private readonly List<ScsiDevice> _devices = [];
    private readonly List<GlobalLun> _luns = [];
    private readonly Dictionary<int, HostProcess> _processes = [];
    private uint _generation;

    /// <summary>The one lock.</summary>
    internal object Lock { get; } = new();

    /// <summary>All device nodes, in the order of their adapters.</summary>
    internal IReadOnlyList<ScsiDevice> Devices => _devices;

    /// <summary>The number of LUNs that MANAGE_LUN has ever named.</summary>
    internal int LunCount => _luns.Count;

    /// <summary>The number of open descriptors of all processes.</summary>
    internal int DescriptorCount
    {
        get
        {
            lock (Lock)
            {
                return _processes.Values.Sum(process => process.DescriptorCount);
            }
        }
    }

    /// <summary>The process of an id; one is made where there is none.</summary>
    /// <param name="caller">The process and, if it is new, its parent.</param>
    internal HostProcess ProcessOf(Caller caller)
    {
        lock (Lock)
        {
            if (!_processes.TryGetValue(caller.ProcessId, out HostProcess? process))
            {
                process = new HostProcess(this, caller);
                _processes.Add(caller.ProcessId, process);
            }

            return process;
        }
    }

    /// <summary>Adds an adapter; its nodes come with <see cref="AddDevice"/>.</summary>
    /// <returns>Its number.</returns>
    internal int AddAdapter(AdapterDriver adapter)
    {
        _adapters.Add(adapter);
        return _adapters.Count - 1;
    }

    /// <summary>The path that the next device node gets.</summary>
    internal string NextDevicePath => DeviceNodePrefix + _devices.Count;

    /// <summary>The upper half of the next context id: no two of the machine are alike.</summary>
    internal uint NextGeneration() => ++_generation;

    /// <summary>Adds a device node.</summary>
    internal void AddDevice(ScsiDevice device) => _devices.Add(device);

    /// <summary>Finds the file that a path opens. The lock is held.</summary>
    /// <returns>
    /// ENOENT for an unknown path, EACCES for an adapter's own without CAP_SYS_ADMIN, ENODEV for a
    /// node of an adapter that is gone.
    /// </returns>
    internal Errno OpenUnsynchronized(
        Caller caller, string path, DeviceAccess access, out OpenFile? file)
    {
        file = null;
        AdapterDriver? adapter;
        if (_devices.Find(device => device.Path == path && !device.IsGone) is { } device)
        {
            adapter = device.Adapter;
            file = new DeviceFile(device, access);
        }
        else
        {
            adapter = _adapters.Find(adapter => HostNodePrefix + adapter.Number == path);
            file = adapter is null ? null : new HostFile(adapter);
        }

        return adapter is null ? Errno.NoEntry
            : file is HostFile && caller.IsUnprivileged ? Errno.AccessDenied
            : adapter.IsDisposed ? Errno.NoDevice
            : Errno.None;
    }

    /// <summary>Finds a LUN by its WWID; makes it where there is none. The lock is held.</summary>
    internal GlobalLun FindOrCreateLunUnsynchronized(Bytes16 wwid)
    {
        ReadOnlySpan<byte> wanted = wwid;
        foreach (GlobalLun lun in _luns)
        {
            Bytes16 known = lun.Wwid;
            if (wanted.SequenceEqual(known))
            {
                return lun;
            }
        }

        GlobalLun created = new(wwid);
        _luns.Add(created);
        return created;
    }

    /// <summary>Adds a forked process. The lock is held.</summary>
    internal void AddUnsynchronized(HostProcess process) =>
        _processes.Add(process.Caller.ProcessId, process);

    /// <summary>
    /// Takes a process away; the first process becomes the parent of its children. The lock is
    /// held.
    /// </summary>
    internal void RemoveUnsynchronized(HostProcess process)
    {
        const int FirstProcess = 1;
        int processId = process.Caller.ProcessId;
        if (_processes.GetValueOrDefault(processId) != process)
        {
            // One that is served from outside and was never in the list.
            return;
        }

        _processes.Remove(processId);
        foreach (HostProcess child in _processes.Values)
        {
            if (child.Caller.ParentProcessId == processId)
            {
                child.Caller = child.Caller with { ParentProcessId = FirstProcess };
            }
        }
    }
}
