namespace FlashKV.Simulation.Disks;

/// <summary>What goes wrong with a transfer of a <see cref="DiskMedium"/>.</summary>
internal enum DiskFault
{
    None,

    /// <summary>It ends with an error, and nothing was transferred.</summary>
    Error,

    /// <summary>A write ends with an error; some sectors of each block are new.</summary>
    Torn,

    /// <summary>A write ends with an error because there is no room.</summary>
    NoSpace,

    /// <summary>A read ends well, and gives one bit wrong in a block.</summary>
    FlippedBit,

    /// <summary>A read ends well, and gives another block in the place of one.</summary>
    Misdirected,
}
