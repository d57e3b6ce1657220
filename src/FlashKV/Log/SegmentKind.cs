namespace FlashKV.Log;

/// <summary>What a segment holds. On disk: do not change; add a value.</summary>
internal enum SegmentKind : ushort
{
    /// <summary>Nothing: the segment may be used again.</summary>
    Free = 0,

    /// <summary>Records as they were put, in sequence order.</summary>
    Hot = 1,

    /// <summary>Records that outlived a compaction, each with the sequence number it had.</summary>
    Cold = 2,
}
