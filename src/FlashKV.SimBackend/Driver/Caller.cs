using FlashKV.SimBackend.Afu;

namespace FlashKV.SimBackend.Driver;

/// <summary>The process that enters the driver.</summary>
/// <param name="ProcessId">Its id (tgid).</param>
/// <param name="ParentProcessId">Its parent's id, which VLUN_CLONE looks at.</param>
/// <param name="Memory">Where the AFU finds the memory of its contexts.</param>
internal readonly record struct Caller(
    int ProcessId, int ParentProcessId = 0, ClientMemory Memory = default)
{
    /// <summary>Whether it lacks CAP_SYS_ADMIN, which the adapters' own nodes need.</summary>
    internal bool IsUnprivileged { get; init; }

    /// <summary>A process whose memory is not this process's.</summary>
    internal static Caller OtherProcess(int processId, int parentProcessId) =>
        new(processId, parentProcessId, new ClientMemory(processId));
}
