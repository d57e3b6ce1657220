namespace FlashKV.Superpipe.Commands;

/// <summary>What came of reading cmd_room.</summary>
internal enum RoomRefill
{
    /// <summary>No room now, or another thread is looking.</summary>
    None,

    /// <summary>There is credit.</summary>
    Added,

    /// <summary>The register reads all ones.</summary>
    Lost,
}
