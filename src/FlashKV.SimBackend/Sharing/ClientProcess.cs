using FlashKV.SimBackend.Driver;

namespace FlashKV.SimBackend.Sharing;

/// <summary>
/// A process that has, or had, connections. All but the immutable members belong to the
/// <see cref="ClientRegistry"/> and are guarded by its lock.
/// </summary>
internal sealed class ClientProcess(int processId, ulong startTime, HostProcess host)
{
    /// <summary>Its number.</summary>
    internal int ProcessId => processId;

    /// <summary>When it started; see <see cref="ProcessStatus.StartTime"/>.</summary>
    internal ulong StartTime => startTime;

    /// <summary>The process as the drivers know it.</summary>
    internal HostProcess Host => host;

    /// <summary>The number of its connections. At 0 it is taken for ended.</summary>
    internal int Connections { get; set; }

    /// <summary>Whether a child of it has ever connected.</summary>
    internal bool HasChildren { get; set; }

    /// <summary>The files that were opened for it and are not closed yet.</summary>
    internal HashSet<SharedFile> Files { get; } = [];
}
