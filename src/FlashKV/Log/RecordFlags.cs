namespace FlashKV.Log;

/// <summary>What a record is. On disk: do not change; add a value.</summary>
[Flags]
internal enum RecordFlags : byte
{
    None = 0,

    /// <summary>The key is deleted; there is no value.</summary>
    Tombstone = 1,

    /// <summary>
    /// Counts only if the commit record of its batch counts; a batch id precedes the key.
    /// </summary>
    BatchMember = 2,

    /// <summary>Commits a batch: no key; the value lists the shards that take part.</summary>
    BatchCommit = 4,

    /// <summary>When it was written, another live key had the same 64-bit hash.</summary>
    HashCollision = 8,

    /// <summary>An expiry precedes the key.</summary>
    Expires = 16,
}
