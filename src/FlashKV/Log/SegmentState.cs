namespace FlashKV.Log;

/// <summary>Where a segment is in its life.</summary>
internal enum SegmentState
{
    /// <summary>Its records are in a staging slot; not all of it is on the device.</summary>
    Staged,

    /// <summary>All of it is on the device, with its summary.</summary>
    Sealed,

    /// <summary>
    /// What is live of it is elsewhere too, but a power cut or a batch may still need it.
    /// </summary>
    Emptied,

    /// <summary>Its records were moved away and its header was taken back.</summary>
    Freed,
}
