using FlashKV.SimBackend.Afu;
using FlashKV.Superpipe;

namespace FlashKV.SimBackend.Driver;

/// <summary>
/// A process of the simulated machine: its descriptors and mappings, and its way into the drivers.
/// </summary>
/// <remarks>
/// Descriptors, duplicates, forked copies and mappings all hold the file that they refer to. The
/// last close of a context's file runs the driver's release handler in the process that closes
/// (SP §2.10).
/// </remarks>
internal sealed class HostProcess
{
    private readonly DriverModule _module;
    private readonly DescriptorTable _descriptors = new();
    private readonly List<RegisterMapping> _mappings = [];
    private bool _isInterrupted;

    internal HostProcess(DriverModule module, Caller caller)
    {
        _module = module;
        Caller = caller;
    }

    /// <summary>Its id, its parent's, and what else the drivers ask of a caller.</summary>
    internal Caller Caller { get; set; }

    /// <summary>The number of its open descriptors.</summary>
    internal int DescriptorCount => _descriptors.Count;

    /// <summary>Opens a node.</summary>
    /// <param name="path">The path of the node.</param>
    /// <param name="access">How to open it.</param>
    /// <param name="descriptor">The descriptor.</param>
    /// <returns>ENOENT for an unknown path, EACCES without the capability that it needs.</returns>
    internal Errno Open(string path, DeviceAccess access, out int descriptor)
    {
        lock (_module.Lock)
        {
            Errno errno = _module.OpenUnsynchronized(
                Caller, path, access, out OpenFile? file);
            descriptor = errno == Errno.None ? _descriptors.Add(file!) : -1;
            return errno;
        }
    }

    /// <summary>Opens another descriptor of the same file (dup).</summary>
    internal Errno Duplicate(int descriptor, out int duplicate)
    {
        lock (_module.Lock)
        {
            OpenFile? file = _descriptors.Find(descriptor);
            duplicate = file is null ? -1 : _descriptors.Add(file);
            return file is null ? Errno.BadDescriptor : Errno.None;
        }
    }

    /// <summary>Finds the file of a descriptor, if it is open.</summary>
    internal OpenFile? Find(int descriptor)
    {
        lock (_module.Lock)
        {
            return _descriptors.Find(descriptor);
        }
    }

    /// <summary>Issues an ioctl.</summary>
    /// <param name="descriptor">A descriptor of <see cref="Open"/>.</param>
    /// <param name="request">The request number.</param>
    /// <param name="argument">The argument; written only on success.</param>
    /// <returns>The error number.</returns>
    internal Errno Ioctl(int descriptor, uint request, Span<byte> argument)
    {
        lock (_module.Lock)
        {
            return IoctlUnsynchronized(_descriptors.Find(descriptor), request, argument);
        }
    }

    /// <summary>
    /// Issues an ioctl on a file that the process has, whatever its descriptor there.
    /// </summary>
    internal Errno Ioctl(OpenFile file, uint request, Span<byte> argument)
    {
        lock (_module.Lock)
        {
            return IoctlUnsynchronized(file, request, argument);
        }
    }

    /// <summary>Maps the window of a context (SP §2.9).</summary>
    /// <returns>EIO for a context that is not the caller's, EINVAL for a bad length.</returns>
    internal Errno Map(int descriptor, long length, out RegisterMapping? mapping)
    {
        mapping = null;
        lock (_module.Lock)
        {
            OpenFile? file = _descriptors.Find(descriptor);
            Errno errno = CheckMapUnsynchronized(file, length);
            mapping = errno == Errno.None ? Hold((ContextFile)file!) : null;
            return errno;
        }
    }

    /// <summary>Says whether the process may map a file, as <see cref="Map"/> does.</summary>
    internal Errno CheckMap(OpenFile file, long length)
    {
        lock (_module.Lock)
        {
            return CheckMapUnsynchronized(file, length);
        }
    }

    /// <summary>Removes a mapping.</summary>
    internal void Unmap(RegisterMapping mapping)
    {
        lock (_module.Lock)
        {
            Remove(mapping);
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

    /// <summary>Closes a descriptor.</summary>
    internal Errno Close(int descriptor)
    {
        lock (_module.Lock)
        {
            return CloseUnsynchronized(descriptor) ? Errno.None : Errno.BadDescriptor;
        }
    }

    /// <summary>Makes a child, which has copies of all descriptors and mappings (fork).</summary>
    /// <param name="processId">The child's id.</param>
    /// <exception cref="ArgumentException">There is such a process.</exception>
    internal HostProcess Fork(int processId)
    {
        lock (_module.Lock)
        {
            HostProcess child = new(
                _module,
                new Caller(
                    processId,
                    Caller.ProcessId,
                    Caller.Memory.IsLocal ? ClientMemory.Local : new ClientMemory(processId))
                {
                    IsUnprivileged = Caller.IsUnprivileged,
                });
            _module.AddUnsynchronized(child);
            child._descriptors.CopyFrom(_descriptors);
            foreach (RegisterMapping mapping in _mappings)
            {
                child.Hold((ContextFile)mapping.File);
            }

            return child;
        }
    }

    /// <summary>
    /// Goes on with another program (exec): mappings go, and so do descriptors of contexts.
    /// </summary>
    internal void Execute()
    {
        lock (_module.Lock)
        {
            RemoveAllMappings();
            foreach (int descriptor in _descriptors.Descriptors)
            {
                if (_descriptors.Find(descriptor) is { ClosesOnExecute: true })
                {
                    CloseUnsynchronized(descriptor);
                }
            }
        }
    }

    /// <summary>Ends, however it came about: mappings go first, then all descriptors.</summary>
    internal void Exit()
    {
        lock (_module.Lock)
        {
            RemoveAllMappings();
            foreach (int descriptor in _descriptors.Descriptors)
            {
                CloseUnsynchronized(descriptor);
            }

            _module.RemoveUnsynchronized(this);
        }
    }

    /// <summary>Sends the process a signal: an ioctl that waits gives up with EINTR.</summary>
    internal void Interrupt()
    {
        lock (_module.Lock)
        {
            _isInterrupted = true;
            Monitor.PulseAll(_module.Lock);
        }
    }

    /// <summary>Copies from the process's memory, wherever an address points.</summary>
    internal bool TryReadMemory(ulong address, Span<byte> destination) => !ProcessVm.IsUsable
        ? default(LocalMemory).TryRead(address, destination)
        : new ProcessMemory(MemoryProcessId).TryRead(address, destination);

    /// <summary>Copies to the process's memory, wherever an address points.</summary>
    internal bool TryWriteMemory(ulong address, ReadOnlySpan<byte> source) => !ProcessVm.IsUsable
        ? default(LocalMemory).TryWrite(address, source)
        : new ProcessMemory(MemoryProcessId).TryWrite(address, source);

    private int MemoryProcessId =>
        Caller.Memory.IsLocal ? Environment.ProcessId : Caller.Memory.ProcessId;

    /// <summary>Takes the signal that a waiting ioctl has met. The lock is held.</summary>
    internal bool TakeInterruptUnsynchronized()
    {
        bool wasInterrupted = _isInterrupted;
        _isInterrupted = false;
        return wasInterrupted;
    }

    /// <summary>Opens a descriptor of a file that a driver has made. The lock is held.</summary>
    internal int InstallUnsynchronized(OpenFile file) => _descriptors.Add(file);

    private Errno IoctlUnsynchronized(OpenFile? file, uint request, Span<byte> argument) =>
        file switch
        {
            null => Errno.BadDescriptor,
            DeviceFile device => device.Device.Adapter.IoctlUnsynchronized(
                this, device, request, argument),
            HostFile host => host.Adapter.HostIoctlUnsynchronized(this, request, argument),
            ContextFile context =>
                context.Adapter.ContextIoctlUnsynchronized(context, request, argument),
            _ => Errno.InvalidArgument,
        };

    private Errno CheckMapUnsynchronized(OpenFile? file, long length) =>
        file is ContextFile context
            ? context.Adapter.CheckMapUnsynchronized(Caller, context, length)
            : Errno.BadDescriptor;

    private ContextFile? FindContextFile(int descriptor)
    {
        lock (_module.Lock)
        {
            return _descriptors.Find(descriptor) as ContextFile;
        }
    }

    private RegisterMapping Hold(ContextFile file)
    {
        RegisterMapping mapping = new(file, file.Afu);
        file.AddReference();
        _mappings.Add(mapping);
        return mapping;
    }

    private void RemoveAllMappings()
    {
        while (_mappings.Count > 0)
        {
            Remove(_mappings[^1]);
        }
    }

    private void Remove(RegisterMapping mapping)
    {
        if (_mappings.Remove(mapping) && mapping.TryRemove())
        {
            Release((ContextFile)mapping.File);
        }
    }

    private bool CloseUnsynchronized(int descriptor)
    {
        OpenFile? file = _descriptors.Remove(descriptor);
        if (file is ContextFile context)
        {
            Release(context);
        }
        else
        {
            file?.RemoveReference();
        }

        return file is not null;
    }

    private void Release(ContextFile file)
    {
        if (file.RemoveReference())
        {
            file.Adapter.ReleaseUnsynchronized(Caller, file);
        }
    }
}
