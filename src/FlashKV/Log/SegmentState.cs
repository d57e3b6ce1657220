namespace FlashKV.Log;

/// <summary>Where a segment is in its life.</summary>
internal enum SegmentState
{
    /// <summary>Its records are in a staging slot; not all of it is on the device.</summary>
    Staged,

    /// <summary>All of it is on the device, with its summary.</summary>
    Sealed,

    /// <summary>Its records are elsewhere too, but a scan may still need them here.</summary>
    Emptied,

    /// <summary>Its records were moved away and its header was taken back.</summary>
    Freed,
}
