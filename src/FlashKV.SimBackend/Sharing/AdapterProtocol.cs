namespace FlashKV.SimBackend.Sharing;

/// <summary>
/// The protocol between a process and the adapters of another: sizes and limits.
/// </summary>
/// <remarks>See docs/adapter-protocol.md. Little-endian throughout.</remarks>
internal static class AdapterProtocol
{
    /// <summary>"FKAD", the first word of a HELLO.</summary>
    internal const uint Magic = 0x4441_4B46;

    /// <summary>The version that is spoken.</summary>
    internal const uint Version = 1;

    /// <summary>The length of the header of requests and replies.</summary>
    internal const int HeaderBytes = 16;

    /// <summary>The longest request.</summary>
    internal const int MaxRequestBytes = 4096;

    /// <summary>The longest reply.</summary>
    internal const int MaxReplyBytes = 65_536;

    /// <summary>What a reply's type has beside the request's.</summary>
    internal const ushort ReplyBit = 0x8000;

    /// <summary>The longest path that is opened.</summary>
    internal const int MaxOpenPathBytes = 255;

    /// <summary>The longest path that is looked up.</summary>
    internal const int MaxLookupPathBytes = 1000;

    /// <summary>The longest wait of a WAIT.</summary>
    internal const int MaxWaitMilliseconds = 1000;

    /// <summary>The completion count of a client that has none.</summary>
    internal const ulong UnknownCount = ulong.MaxValue;

    /// <summary>
    /// The most connections of a server: each has a thread, most of which sleep.
    /// </summary>
    internal const int MaxConnections = 1024;

    /// <summary>The most open files of one process.</summary>
    internal const int MaxFilesOfProcess = 4096;

    /// <summary>The longest path of a socket that the system takes.</summary>
    internal const int MaxSocketPathBytes = 107;
}
