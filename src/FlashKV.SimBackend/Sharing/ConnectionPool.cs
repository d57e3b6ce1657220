using System.Collections.Concurrent;
using FlashKV.Superpipe;

namespace FlashKV.SimBackend.Sharing;

/// <summary>
/// The connections of a client: a call takes an idle one or opens another, so that a call that
/// sleeps holds up no other.
/// </summary>
internal sealed class ConnectionPool(string path) : IDisposable
{
    private readonly ConcurrentBag<ClientConnection> _idle = [];
    private int _isDisposed;

    /// <summary>Takes a connection for one call.</summary>
    /// <returns>ENODEV when there is no server.</returns>
    internal Errno Take(out ClientConnection? connection)
    {
        ObjectDisposedException.ThrowIf(Volatile.Read(ref _isDisposed) != 0, this);
        if (_idle.TryTake(out connection))
        {
            return Errno.None;
        }

        return ClientConnection.Open(path, out connection) == Errno.None
            ? Errno.None : Errno.NoDevice;
    }

    /// <summary>Gives it back.</summary>
    internal void Return(ClientConnection connection)
    {
        if (!connection.IsUsable || Volatile.Read(ref _isDisposed) != 0)
        {
            connection.Dispose();
            return;
        }

        _idle.Add(connection);
        if (Volatile.Read(ref _isDisposed) != 0)
        {
            DisposeIdle();
        }
    }

    public void Dispose()
    {
        Volatile.Write(ref _isDisposed, 1);
        Interlocked.MemoryBarrier();
        DisposeIdle();
    }

    private void DisposeIdle()
    {
        while (_idle.TryTake(out ClientConnection? connection))
        {
            connection.Dispose();
        }
    }
}
