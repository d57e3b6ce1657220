namespace FlashKV;

/// <summary>How far a clone has come, as the store sees it.</summary>
public enum StoreCloneState
{
    /// <summary>The process that is to read it has not opened it yet.</summary>
    Starting,

    /// <summary>It has been opened and is being read.</summary>
    Reading,

    /// <summary>It has ended, and holds nothing any more.</summary>
    Ended,
}
