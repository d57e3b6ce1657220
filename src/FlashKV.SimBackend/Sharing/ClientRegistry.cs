using System.Diagnostics;
using FlashKV.SimBackend.Driver;
using FlashKV.Superpipe;

namespace FlashKV.SimBackend.Sharing;

/// <summary>
/// The processes that are served and their open files; and the judgement on who has closed a file
/// last, on which depends what becomes of a context (SP §2.10).
/// </summary>
/// <remarks>Drivers are called outside the lock: they may have to wait for a transfer.</remarks>
internal sealed class ClientRegistry(
    DriverModule module,
    HangUpWatcher watcher,
    PagePoller poller,
    DriveWorkers workers,
    bool adoptsAll = false)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<int, ClientProcess> _processes = [];
    private readonly Dictionary<ulong, SharedFile> _files = [];

    /// <summary>The number of processes, ended ones with open files included.</summary>
    internal int ProcessCount => Count(() => _processes.Count);

    /// <summary>The number of open files.</summary>
    internal int FileCount => Count(() => _files.Count);

    /// <summary>Notes a new connection.</summary>
    /// <returns>Its process; <see langword="null"/> when that has ended already.</returns>
    internal ClientProcess? Enter(int processId)
    {
        if (!ProcessStatus.TryRead(processId, out ProcessStatus status))
        {
            return null;
        }

        ClientProcess? former = null;
        ClientProcess process;
        lock (_lock)
        {
            if (_processes.TryGetValue(processId, out ClientProcess? known)
                && known.StartTime == status.StartTime)
            {
                process = known;
            }
            else
            {
                // Another process with the number of one that has ended.
                former = known;
                _processes.Remove(processId);
                process = new ClientProcess(
                    processId, status.StartTime, CreateHost(processId, status.ParentId, former));
                _processes.Add(processId, process);
            }

            process.Connections++;
            if (_processes.TryGetValue(status.ParentId, out ClientProcess? parent))
            {
                parent.HasChildren = true;
            }
        }

        if (former is not null)
        {
            CloseAll(former);
        }

        return process;
    }

    /// <summary>Notes the end of a connection; the last one is the end of its process.</summary>
    internal void Leave(ClientProcess process)
    {
        SharedFile[] files;
        lock (_lock)
        {
            if (--process.Connections > 0)
            {
                return;
            }

            files = [.. process.Files];
        }

        foreach (SharedFile file in files)
        {
            // Nothing may reach for the memory of a process that is gone.
            file.Context?.Afu.Lose();
            if (HasHungUp(file))
            {
                Close(file);
            }
        }

        ForgetIfDone(process);
    }

    /// <summary>Adds a file that a driver has opened for a process.</summary>
    /// <param name="process">The process.</param>
    /// <param name="descriptor">The file's descriptor in the process, as the drivers know it.</param>
    /// <param name="file">The file.</param>
    /// <param name="passed">The end for the client.</param>
    /// <returns>EMFILE or ENFILE; the descriptor is closed then.</returns>
    internal Errno TryAdd(
        ClientProcess process, int descriptor, out SharedFile? file, out DescriptorHandle? passed)
    {
        (file, passed) = (null, null);
        OpenFile? opened = process.Host.Find(descriptor);
        Debug.Assert(opened is not null, "a descriptor that was just made");
        Errno errno = Count(() => process.Files.Count) < AdapterProtocol.MaxFilesOfProcess
            ? PacketSocket.CreatePair(out PacketSocket? near, out PacketSocket? far)
            : Refuse(out near, out far);
        if (errno != Errno.None)
        {
            _ = process.Host.Close(descriptor);
            return errno;
        }

        passed = far!.Descriptor;
        SharedFile added = new(
            FileStatus.InodeOf(passed), process, opened!, descriptor, near!, workers);
        lock (_lock)
        {
            _files.Add(added.Id, added);
            process.Files.Add(added);
        }

        file = added;
        watcher.Watch(added);
        return Errno.None;

        static Errno Refuse(out PacketSocket? near, out PacketSocket? far)
        {
            (near, far) = (null, null);
            return Errno.TooManyOpen;
        }
    }

    /// <summary>Finds a file.</summary>
    internal SharedFile? Find(ulong id)
    {
        lock (_lock)
        {
            return _files.GetValueOrDefault(id);
        }
    }

    /// <summary>Notes that a process is about to close a copy.</summary>
    internal void MarkClosing(SharedFile file)
    {
        lock (_lock)
        {
            file.ClosingMarks++;
        }
    }

    /// <summary>Notes that it has closed it, or that it has ended before it could say so.</summary>
    /// <param name="file">The file.</param>
    /// <param name="closer">Who has closed it; <see langword="null"/> if it did not say.</param>
    internal void UnmarkClosing(SharedFile file, ClientProcess? closer)
    {
        bool isLast;
        lock (_lock)
        {
            Debug.Assert(file.ClosingMarks > 0, "a mark that was made");
            isLast = --file.ClosingMarks == 0;
        }

        if (HasHungUp(file) && (isLast || closer is not null))
        {
            Judge(file, closer);
        }
    }

    /// <summary>Called when the last copy of a file is closed.</summary>
    internal void OnHangUp(SharedFile file)
    {
        lock (_lock)
        {
            if (file.ClosingMarks > 0)
            {
                // Whoever is closing it will say so.
                return;
            }
        }

        Judge(file, closer: null);
    }

    /// <summary>Makes ioctls that wait in a driver give up.</summary>
    internal void InterruptAll()
    {
        ClientProcess[] processes;
        lock (_lock)
        {
            processes = [.. _processes.Values];
        }

        Array.ForEach(processes, process => process.Host.Interrupt());
    }

    /// <summary>Closes everything.</summary>
    internal void CloseAll()
    {
        ClientProcess[] processes;
        lock (_lock)
        {
            processes = [.. _processes.Values];
        }

        Array.ForEach(processes, CloseAll);
    }

    private static bool HasHungUp(SharedFile file) =>
        file.HasHungUp || (file.Near.Look(0) & SocketCalls.PollHangUp) != 0;

    private HostProcess CreateHost(int processId, int parentId, ClientProcess? former)
    {
        former?.Host.Exit();

        // Not one of the module's list, where this process itself may be with the same number.
        // Whoever serves clones only has let the process in, and is its parent as the drivers see
        // it: only a parent's LUNs can be cloned.
        return new HostProcess(
            module,
            Caller.OtherProcess(processId, adoptsAll ? Environment.ProcessId : parentId));
    }

    // A child that closes last does nothing to its parent's context. Its copy stays open, as far
    // as the driver knows, until the parent ends.
    private void Judge(SharedFile file, ClientProcess? closer)
    {
        bool isChilds;
        lock (_lock)
        {
            bool hasOwner = file.Owner.Connections > 0;
            isChilds = hasOwner && file.Context is not null
                && (closer is null ? file.Owner.HasChildren : IsChild(closer, file.Owner));
            file.HasHungUp = true;
        }

        if (!isChilds)
        {
            Close(file);
            ForgetIfDone(file.Owner);
        }
    }

    private static bool IsChild(ClientProcess process, ClientProcess parent) =>
        process != parent
        && ProcessStatus.TryRead(process.ProcessId, out ProcessStatus status)
        && status.ParentId == parent.ProcessId;

    private void Close(SharedFile file)
    {
        lock (_lock)
        {
            if (!_files.Remove(file.Id))
            {
                return;
            }

            file.Owner.Files.Remove(file);
        }

        watcher.Forget(file);
        if (file.Context is { } context)
        {
            poller.Remove(context);
            context.Close();
        }

        _ = file.Owner.Host.Close(file.Descriptor);
        file.Near.Dispose();
    }

    private void CloseAll(ClientProcess process)
    {
        SharedFile[] files;
        lock (_lock)
        {
            files = [.. process.Files];
        }

        Array.ForEach(files, Close);
        ForgetIfDone(process);
    }

    private void ForgetIfDone(ClientProcess process)
    {
        lock (_lock)
        {
            bool isKnown = _processes.TryGetValue(process.ProcessId, out ClientProcess? known)
                && known == process;
            if (!isKnown || process.Connections > 0 || process.Files.Count > 0)
            {
                return;
            }

            _processes.Remove(process.ProcessId);
            process.Host.Exit();
        }
    }

    private int Count(Func<int> count)
    {
        lock (_lock)
        {
            return count();
        }
    }
}
