namespace FlashKV.Superpipe.Commands;

/// <summary>What to do with an answered command.</summary>
internal enum CompletionAction
{
    /// <summary>It has ended well.</summary>
    Done,

    /// <summary>Send it again.</summary>
    Retry,

    /// <summary>Send it again after a while.</summary>
    RetryLater,

    /// <summary>Tell the driver of the unit attention, then send it again.</summary>
    Verify,

    /// <summary>It has failed.</summary>
    Fail,
}
