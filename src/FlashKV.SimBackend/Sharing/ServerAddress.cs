using FlashKV.Superpipe;

namespace FlashKV.SimBackend.Sharing;

/// <summary>Connects to a server, or says in words why not.</summary>
internal static class ServerAddress
{
    /// <summary>Connects.</summary>
    /// <exception cref="AdapterSocketException">It is not possible.</exception>
    /// <exception cref="PlatformNotSupportedException">This is not 64-bit Linux.</exception>
    internal static ClientConnection Connect(string path)
    {
        if (!SocketCalls.IsUsable)
        {
            throw new PlatformNotSupportedException(
                "Adapters of another process can be reached on 64-bit Linux only.");
        }

        if (!PacketSocket.IsPathShortEnough(path))
        {
            throw new AdapterSocketException(
                path,
                Errno.InvalidArgument,
                $"The path of a socket has at most {AdapterProtocol.MaxSocketPathBytes} bytes; "
                + $"'{path}' is longer.");
        }

        Errno errno = ClientConnection.Open(path, out ClientConnection? connection);
        return errno == Errno.None ? connection! : throw Refusal(path, errno);
    }

    private static AdapterSocketException Refusal(string path, Errno errno) => errno switch
    {
        Errno.NoEntry or (Errno)SocketCalls.ErrorRefused => new(
            path, Errno.NoEntry, $"Nobody serves adapters at '{path}'."),
        Errno.AccessDenied => new(
            path, errno, $"The server at '{path}' belongs to another user."),
        Errno.NotPermitted => new(
            path,
            errno,
            $"The server at '{path}' may not read this process's memory (ptrace is restricted)."),
        Errno.NoDevice => new(
            path,
            errno,
            $"The server at '{path}' takes no connection: it has as many as it can "
            + $"({AdapterProtocol.MaxConnections}), or it is ending."),
        SharingErrno.Protocol => new(
            path, errno, $"What listens at '{path}' speaks another version of the protocol."),
        _ => new(path, errno, $"Connecting to '{path}' failed: {errno}."),
    };
}
