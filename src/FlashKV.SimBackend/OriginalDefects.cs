namespace FlashKV.SimBackend;

/// <summary>
/// Known defects of the original driver, which the simulated one has only on request. A test of a
/// client that must live with them turns them on.
/// </summary>
[Flags]
public enum OriginalDefects
{
    /// <summary>None.</summary>
    None = 0,

    /// <summary>
    /// Scrubbing starts at the chunk's number, taken for an LBA, and so clears the wrong blocks.
    /// </summary>
    ScrubAddress = 1 << 0,

    /// <summary>
    /// LUNs that a clone takes over do not count as attached: the next detach ends the context.
    /// </summary>
    CloneReferences = 1 << 1,

    /// <summary>
    /// A clone counts the chunks of all its LUNs with the LUN that it was called on.
    /// </summary>
    CloneAllocator = 1 << 2,

    /// <summary>
    /// Ending a context that waits for recovery also takes a new context with its process element
    /// out of the table.
    /// </summary>
    DestroyEvicts = 1 << 3,

    /// <summary>
    /// Adding a LUN to a context that fails for want of memory ends the context.
    /// </summary>
    ReuseFreesContext = 1 << 4,

    /// <summary>
    /// A context whose descriptor is closed last by a process that is neither its owner nor the
    /// owner's child stays, with all that it holds.
    /// </summary>
    ForeignCloseLeaks = 1 << 5,

    /// <summary>
    /// Growing, or resizing to the same size, synchronises with the AFU even when the context waits
    /// for recovery.
    /// </summary>
    SyncInError = 1 << 6,

    /// <summary>
    /// Opening a virtual LUN whose synchronisation fails leaves chunks and table in the entry.
    /// </summary>
    FailedSyncLeaks = 1 << 7,

    /// <summary>
    /// A command to the AFU that times out twice, with context resets that work, counts as done.
    /// </summary>
    RepeatedTimeoutSucceeds = 1 << 8,

    /// <summary>All of them.</summary>
    All = (1 << 9) - 1,
}
