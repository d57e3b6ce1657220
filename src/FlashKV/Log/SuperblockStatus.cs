namespace FlashKV.Log;

/// <summary>What a copy of the superblock turned out to be.</summary>
internal enum SuperblockStatus
{
    /// <summary>Whole.</summary>
    Valid,

    /// <summary>All zeros: never written.</summary>
    Blank,

    /// <summary>Written by another version of the format.</summary>
    OtherVersion,

    /// <summary>Neither.</summary>
    Damaged,
}
