namespace FlashKV.SimBackend.Driver;

/// <summary>What the driver answers to the host bridge's error handling (EEH).</summary>
internal enum EehResult
{
    /// <summary>The slot is to be reset.</summary>
    NeedReset,

    /// <summary>The adapter works again; it may be resumed.</summary>
    Recovered,

    /// <summary>The adapter is given up.</summary>
    Disconnect,
}
