namespace FlashKV.Superpipe.Recovery;

/// <summary>Why a context has to be restored.</summary>
internal enum RestoreReason
{
    /// <summary>Nothing is wrong.</summary>
    None,

    /// <summary>The adapter reads all ones: RECOVER_AFU.</summary>
    Lost,

    /// <summary>
    /// Commands do not end, or the AFU cannot go on with the context: context reset.
    /// </summary>
    Stuck,
}
