namespace FlashKV.SimBackend.Afu;

/// <summary>Where the memory of a client is: in this process or in another.</summary>
/// <param name="ProcessId">The other process; 0 for this one.</param>
internal readonly record struct ClientMemory(int ProcessId)
{
    /// <summary>Memory of this process, reached by pointers.</summary>
    internal static ClientMemory Local => default;

    /// <summary>Whether the memory is this process's.</summary>
    internal bool IsLocal => ProcessId == 0;
}
