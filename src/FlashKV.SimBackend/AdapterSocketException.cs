using FlashKV.Superpipe;

namespace FlashKV.SimBackend;

/// <summary>
/// A socket of adapters cannot be served or reached: somebody else serves it, nobody does, or the
/// other side does not speak the protocol.
/// </summary>
public sealed class AdapterSocketException : IOException
{
    internal AdapterSocketException(string socketPath, Errno errno, string message)
        : base(message)
    {
        SocketPath = socketPath;
        Errno = errno;
    }

    /// <summary>The path of the socket.</summary>
    public string SocketPath { get; }

    /// <summary>
    /// Why: <see cref="Errno.Busy"/> when another server has the path,
    /// <see cref="Errno.NoEntry"/> when nobody serves it, <see cref="Errno.AccessDenied"/> or
    /// <see cref="Errno.NotPermitted"/> when this process is refused; otherwise what the system
    /// answered.
    /// </summary>
    public Errno Errno { get; }
}
