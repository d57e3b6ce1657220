namespace FlashKV.SimBackend;

/// <summary>How a client reaches registers in another process.</summary>
public enum SharedRegisterAccess
{
    /// <summary>By messages: exact, in both submission modes.</summary>
    Messages = 0,

    /// <summary>
    /// Through memory that both map, where the adapter is in SQ mode (by messages where it is not):
    /// a doorbell is a store, and no system call while the server is awake.
    /// </summary>
    SharedPage = 1,
}
