namespace FlashKV.Shards;

/// <summary>What came of an attempt to write.</summary>
internal enum WriteResult
{
    /// <summary>Written and visible.</summary>
    Done,

    /// <summary>A delete found nothing to delete; nothing was written.</summary>
    Absent,

    /// <summary>The tail has no room; nothing was written.</summary>
    NoRoom,

    /// <summary>
    /// A record that may have the key is only on the device; nothing was written.
    /// </summary>
    OnDevice,

    /// <summary>
    /// Writers are kept out for the moment of a snapshot's cut; nothing was written.
    /// </summary>
    Shut,
}
