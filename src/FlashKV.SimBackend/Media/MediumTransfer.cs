namespace FlashKV.SimBackend;

/// <summary>
/// One transfer of a batch for <see cref="Medium.Execute"/>: a contiguous range of blocks and the
/// slice of the batch's memory runs that belongs to it.
/// </summary>
internal struct MediumTransfer
{
    /// <summary>What to do.</summary>
    public MediumOperation Operation;

    /// <summary>The first block.</summary>
    public long Block;

    /// <summary>The number of blocks.</summary>
    public long BlockCount;

    /// <summary>
    /// The index of the first memory run in the batch's list. Unused by a discard.
    /// </summary>
    public int FirstRun;

    /// <summary>The number of memory runs; 0 for a discard.</summary>
    public int RunCount;

    /// <summary>How it ended; written by <see cref="Medium.Execute"/>.</summary>
    public MediumStatus Status;
}
