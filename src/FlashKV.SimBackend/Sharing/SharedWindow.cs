using FlashKV.Superpipe;
using FlashKV.Superpipe.Abi;

namespace FlashKV.SimBackend.Sharing;

/// <summary>
/// The registers of one context in another process: a connection of their own, on which everything
/// is in order, and perhaps a shared page.
/// </summary>
/// <remarks>
/// Writes are not answered, but for those that program a context with a page: the server executes
/// them in the order in which they were sent, before any read that follows. Waiting has other
/// connections, so that it holds nothing up.
/// </remarks>
internal sealed class SharedWindow : IDisposable
{
    private const int SpinsBeforeYield = 64;
    private const int WaitsBeforeSleep = 96;
    private const int Pauses = 16;
    private const uint SleepMilliseconds = 50;

    // What this thread has done since it last had something to do, and in which window.
    [ThreadStatic]
    private static SharedWindow? s_window;

    [ThreadStatic]
    private static ulong s_seen;

    [ThreadStatic]
    private static int s_waits;

    private readonly Lock _lock = new();
    private readonly ConnectionPool _pool;
    private readonly ClientConnection _connection;
    private readonly SharedMemory? _page;
    private bool _isLost;
    private bool _isDisposed;

    internal SharedWindow(
        ulong fileId,
        PacketSocket file,
        ConnectionPool pool,
        ClientConnection connection,
        SharedMemory? page)
    {
        FileId = fileId;
        File = file;
        _pool = pool;
        _connection = connection;
        _page = page;
    }

    /// <summary>What the server calls the context's descriptor.</summary>
    internal ulong FileId { get; }

    /// <summary>A copy of the descriptor, which holds it open as a mapping does.</summary>
    internal PacketSocket File { get; }

    /// <summary>Whether there is a shared page.</summary>
    internal bool HasPage => _page is not null;

    /// <summary>Reads a register.</summary>
    internal ulong Read(int offset)
    {
        if (IsLost)
        {
            return SislHostMap.AllOnes;
        }

        return _page is not null && offset == SislHostMap.IntrStatus
            ? _page.ReadRegister(offset) : ReadByMessage(offset);
    }

    /// <summary>Writes a register.</summary>
    internal void Write(int offset, ulong value)
    {
        s_waits = 0;
        if (IsLost)
        {
            return;
        }

        if (_page is null || offset != SislHostMap.SqTail)
        {
            WriteByMessage(offset, value);
            return;
        }

        _page.WriteRegister(offset, value);

        // The server says that it sleeps before it looks for the last time.
        Interlocked.MemoryBarrier();
        if (Volatile.Read(ref _page.Word32(SharedPageFormat.Asleep)) != 0)
        {
            WriteByMessage(offset, value);
        }
    }

    /// <summary>Lets time pass: first a little, then until commands were answered.</summary>
    internal void Wait()
    {
        if (s_window != this)
        {
            s_window = this;
            s_seen = AdapterProtocol.UnknownCount;
            s_waits = 0;
        }

        s_waits++;
        if (s_waits <= SpinsBeforeYield)
        {
            Thread.SpinWait(Pauses);
        }
        else if (s_waits <= WaitsBeforeSleep || IsLost)
        {
            Thread.Yield();
        }
        else
        {
            Sleep();
        }
    }

    public void Dispose()
    {
        lock (_lock)
        {
            _isDisposed = true;
            _connection.Dispose();
            _page?.Dispose();
            File.Dispose();
        }
    }

    private bool IsLost => Volatile.Read(ref _isLost)
        || (_page is not null && Volatile.Read(ref _page.Word32(SharedPageFormat.Lost)) != 0);

    private ulong ReadByMessage(int offset)
    {
        lock (_lock)
        {
            if (_isDisposed || !_connection.IsUsable)
            {
                return Lose();
            }

            MessageWriter request = _connection.Begin(MessageType.ReadRegister);
            request.Add64(FileId);
            request.Add32((uint)offset);
            request.Add32(0);
            Errno errno = _connection.Call(request, out MessageReader reply);
            ulong value = reply.Take64();
            return errno == Errno.None && reply.IsWhole ? value : Lose();
        }
    }

    private void WriteByMessage(int offset, ulong value)
    {
        lock (_lock)
        {
            if (_isDisposed || !_connection.IsUsable)
            {
                Lose();
                return;
            }

            // A store to the page that follows must not overtake what was programmed before it.
            bool isPosted = _page is null || offset == SislHostMap.SqTail;
            MessageWriter request = _connection.Begin(
                MessageType.WriteRegister,
                isPosted ? MessageFlags.NoReply : MessageFlags.None);
            request.Add64(FileId);
            request.Add32((uint)offset);
            request.Add32(0);
            request.Add64(value);
            Errno errno = isPosted
                ? _connection.Post(request) : _connection.Call(request, out _);
            if (errno != Errno.None)
            {
                Lose();
            }
        }
    }

    // A thread that has seen the count from before its last look at the responses misses none:
    // whatever was answered since has changed the count.
    private void Sleep()
    {
        if (_pool.Take(out ClientConnection? connection) != Errno.None)
        {
            Lose();
            return;
        }

        MessageWriter request = connection!.Begin(MessageType.Wait);
        request.Add64(FileId);
        request.Add64(s_seen);
        request.Add32(SleepMilliseconds);
        request.Add32(0);
        if (connection.Call(request, out MessageReader reply) == Errno.None)
        {
            s_seen = reply.Take64();
        }
        else
        {
            Lose();
        }

        _pool.Return(connection);
    }

    // No server, no adapter.
    private ulong Lose()
    {
        Volatile.Write(ref _isLost, true);
        return SislHostMap.AllOnes;
    }
}
