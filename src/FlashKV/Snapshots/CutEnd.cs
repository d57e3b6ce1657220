namespace FlashKV.Snapshots;

/// <summary>Why a cut can no longer be read.</summary>
internal enum CutEnd
{
    /// <summary>It can be read.</summary>
    None,

    /// <summary>Its user has disposed it.</summary>
    Disposed,

    /// <summary>The store was closed.</summary>
    Closed,

    /// <summary>Its time was over.</summary>
    TimeIsOver,

    /// <summary>It kept more dead bytes on the device than it was allowed.</summary>
    HeldTooMuch,

    /// <summary>The memory budget had no room to note what writers replaced.</summary>
    OutOfMemory,
}
