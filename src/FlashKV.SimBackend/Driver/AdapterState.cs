namespace FlashKV.SimBackend.Driver;

/// <summary>The states of an adapter that its users can meet (SP §3.5).</summary>
internal enum AdapterState
{
    /// <summary>It works.</summary>
    Normal,

    /// <summary>It is being reset; ioctls wait.</summary>
    Reset,

    /// <summary>It is gone for good (FAILTERM).</summary>
    Failed,
}
