using FlashKV.Superpipe;

namespace FlashKV.SimBackend.Sharing;

/// <summary>Error numbers of the socket side, which no driver answers with.</summary>
internal static class SharingErrno
{
    /// <summary>ENFILE: too many open files in the system, which is the server.</summary>
    internal const Errno TooManyOpenInSystem = (Errno)23;

    /// <summary>ERANGE: a value that is too small or too large.</summary>
    internal const Errno OutOfRange = (Errno)34;

    /// <summary>EPROTO: a message that is not of the protocol.</summary>
    internal const Errno Protocol = (Errno)71;
}
