namespace FlashKV.Shards;

/// <summary>What has become of a batch.</summary>
internal enum BatchState
{
    /// <summary>Its commit record is not written yet.</summary>
    Open,

    /// <summary>Its commit record is written.</summary>
    Committed,

    /// <summary>It never counts.</summary>
    Abandoned,
}
