namespace FlashKV.SimBackend.Driver;

/// <summary>How one sending of a command to the AFU ends (SP §3.12).</summary>
internal enum AfuCommandOutcome
{
    /// <summary>It is executed.</summary>
    Good,

    /// <summary>The AFU refuses it: ioasc is not 0.</summary>
    Refused,

    /// <summary>It is not answered in time; the context reset that follows works.</summary>
    Timeout,

    /// <summary>It is not answered in time, and the context reset fails as well.</summary>
    TimeoutAndResetFails,

    /// <summary>Somebody else's context reset aborts it.</summary>
    Aborted,

    /// <summary>There is no room for it.</summary>
    NoRoom,

    /// <summary>There is no memory for it.</summary>
    NoMemory,
}
