namespace FlashKV.Superpipe.Recovery;

/// <summary>What state a context is in, as its users see it.</summary>
internal enum ContextPhase
{
    /// <summary>In use.</summary>
    Open,

    /// <summary>One thread is recovering, resetting or closing it; the others wait.</summary>
    Restoring,

    /// <summary>The device is gone, for good.</summary>
    Failed,

    /// <summary>Closed by its owner.</summary>
    Closed,
}
