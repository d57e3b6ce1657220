namespace FlashKV.SimBackend;

/// <summary>Why a file could not be opened as a medium.</summary>
public enum MediumUnavailableReason
{
    /// <summary>
    /// The system refused for another reason; see the inner exception or the error.
    /// </summary>
    Other = 0,

    /// <summary>Another medium, here or in another process, has the file open.</summary>
    Locked = 1,

    /// <summary>The file or its file system does not allow writing.</summary>
    ReadOnly = 2,

    /// <summary>The directory of the file does not exist.</summary>
    NotFound = 3,

    /// <summary>The length of the file is not a whole number of 4,096-byte blocks.</summary>
    BadLength = 4,

    /// <summary>The file system cannot hold a file of the wanted capacity.</summary>
    TooLarge = 5,
}
