namespace FlashKV.Log;

/// <summary>
/// How far a record in staging has come: the low three bits of its size word. Only
/// <see cref="Committed"/> and <see cref="Dead"/> reach the device.
/// </summary>
internal enum RecordState
{
    /// <summary>Nothing was reserved here yet: the end of what was appended.</summary>
    Empty = 0,

    /// <summary>Space is claimed, its bytes are still being written.</summary>
    Reserved = 1,

    /// <summary>Complete.</summary>
    Committed = 2,

    /// <summary>Given up: its writer failed or died, or its batch was never committed.</summary>
    Dead = 3,

    /// <summary>The segment is closed here; nothing follows.</summary>
    End = 4,
}
