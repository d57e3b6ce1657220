namespace FlashKV.Shards;

/// <summary>What came of looking for a key without reading from the device.</summary>
internal enum FindResult
{
    /// <summary>There is no such key.</summary>
    Absent,

    /// <summary>Its record is in memory.</summary>
    Found,

    /// <summary>A record that may be its own is only on the device.</summary>
    OnDevice,

    /// <summary>Something was in the way; another look must tell.</summary>
    Unclear,
}
