namespace FlashKV.Workloads.Stores;

/// <summary>
/// What an acknowledged write of a store lives through. Stores are compared within a class; beside
/// one of a weaker class a report says so.
/// </summary>
internal enum DurabilityClass
{
    /// <summary>Nothing: it is lost with the process.</summary>
    MemoryOnly,

    /// <summary>The death of the process, but not of the machine.</summary>
    KilledProcess,

    /// <summary>A power cut: the write was on stable storage before it was acknowledged.</summary>
    PowerCut,
}
