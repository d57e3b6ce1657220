namespace FlashKV.SimBackend;

/// <summary>How a transfer to or from a <see cref="Medium"/> ended.</summary>
public enum MediumStatus
{
    /// <summary>All blocks were transferred.</summary>
    Good = 0,

    /// <summary>
    /// The medium is thin and has no space left. Some of the blocks may have been written.
    /// </summary>
    OutOfSpace = 1,

    /// <summary>
    /// The medium failed. After a read the memory holds nothing useful; after a write each block
    /// may hold its old content, its new content or a mixture.
    /// </summary>
    MediumError = 2,
}
