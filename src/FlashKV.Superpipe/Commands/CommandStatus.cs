namespace FlashKV.Superpipe.Commands;

/// <summary>Where a command block is on its way.</summary>
internal enum CommandStatus
{
    /// <summary>Nobody's.</summary>
    Free,

    /// <summary>Claimed and filled by its batch; the AFU does not know of it.</summary>
    Ready,

    /// <summary>Sent; the AFU may read and write the block and its buffer.</summary>
    InFlight,

    /// <summary>Answered with an error, which the batch has not looked at yet.</summary>
    Failed,

    /// <summary>Taken back by the recovery of a lost adapter: to be sent again.</summary>
    Halted,

    /// <summary>Taken back by a context reset: to be sent again, as a retry.</summary>
    Aborted,

    /// <summary>Taken back because the context has ended.</summary>
    Abandoned,

    /// <summary>
    /// Given up because the context has ended, and not taken back: the driver could not get it
    /// away from the AFU, which may still use its buffer.
    /// </summary>
    Held,
}
