using System.Buffers.Binary;
using System.Diagnostics;
using System.Text;
using FlashKV.Shards;
using FlashKV.Snapshots;

namespace FlashKV.Clones;

/// <summary>
/// One clone in the process of its store: the cut that is held for it, and the connection of the
/// process that reads it, which a thread listens to.
/// </summary>
internal sealed class CloneSession
{
    private const int LongestRequest = 4096;

    private readonly CloneService _service;
    private readonly TaskCompletionSource<CloneEnd> _completion =
        new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _reading =
        new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _lock = new();
    private readonly byte[] _view;
    private ITimer? _startTimer;
    private CloneSocket? _socket;
    private int _state;
    private CloneEnd _reason;
    private int _isEnded;

    public CloneSession(CloneService service, StoreCore core, CloneOptions options, ulong ticket)
    {
        _service = service;
        Ticket = ticket;
        Cut = StoreCut.TakeForClone(core, options.Limits);
        ExpiresAt = options.TimeToLive == Timeout.InfiniteTimeSpan
            ? null : CreatedAt + options.TimeToLive;
        try
        {
            _view = CloneViewFormat.Write(
                CloneView.Of(Cut, core.Superblock, service.Place, ExpiresAt));
        }
        catch
        {
            Cut.End(CutEnd.Disposed);
            throw;
        }

        // What it ends for is told before its segments can be used again.
        Cut.Ending = reason => Tell(EndOf(reason));
        Cut.Released = Finish;
        if (Cut.Ended != CutEnd.None && Tell(EndOf(Cut.Ended)))
        {
            Finish();
        }
    }

    /// <summary>The number by which its process asks for it; 0 if there is none.</summary>
    public ulong Ticket { get; }

    public StoreCut Cut { get; }

    public DateTimeOffset CreatedAt => Cut.TakenAt;

    public DateTimeOffset? ExpiresAt { get; }

    /// <summary>The process that reads it; 0 before it has connected.</summary>
    public int ReaderId { get; private set; }

    public StoreCloneState State => Volatile.Read(ref _isEnded) != 0
        ? StoreCloneState.Ended
        : (StoreCloneState)Volatile.Read(ref _state);

    /// <summary>Completes when it has ended and holds nothing any more.</summary>
    public Task<CloneEnd> Completion => _completion.Task;

    /// <summary>Completes when it is read; fails if it ends before.</summary>
    public Task Reading => _reading.Task;

    /// <summary>Gives it up if no process has connected by then.</summary>
    public void LimitStart(TimeProvider time, TimeSpan timeout)
    {
        if (timeout != Timeout.InfiniteTimeSpan)
        {
            _startTimer = time.CreateTimer(
                static session => ((CloneSession)session!).EndUnlessConnected(CloneEnd.NotOpened),
                this,
                timeout,
                Timeout.InfiniteTimeSpan);
        }
    }

    /// <summary>Ends it if no process has connected: the one that was to has gone.</summary>
    public void EndUnlessConnected(CloneEnd reason)
    {
        bool isConnected;
        lock (_lock)
        {
            isConnected = _socket is not null;
        }

        if (!isConnected)
        {
            End(reason);
        }
    }

    /// <summary>
    /// Hands the view over and serves its reader until one of the two ends it.
    /// </summary>
    /// <returns>false if it has a reader already, or has ended.</returns>
    public bool TryServe(CloneSocket socket, int readerId)
    {
        lock (_lock)
        {
            if (_socket is not null || State == StoreCloneState.Ended)
            {
                return false;
            }

            _socket = socket;
            ReaderId = readerId;
        }

        _startTimer?.Dispose();
        _service.NoteReaders();
        if (socket.TrySend(CloneMessage.View, _view))
        {
            Serve(socket);
        }

        End(CloneEnd.ReaderEnded);
        return true;
    }

    /// <summary>Ends it, tells its reader, and lets the segments go.</summary>
    public void End(CloneEnd reason)
    {
        if (Tell(reason))
        {
            Cut.End(CutEnd.Disposed);
        }
    }

    // Says whether it had not ended yet.
    private bool Tell(CloneEnd reason)
    {
        CloneSocket? socket;
        lock (_lock)
        {
            if (_isEnded != 0)
            {
                return false;
            }

            _reason = reason;
            Volatile.Write(ref _isEnded, 1);
            socket = _socket;
        }

        Span<byte> content = stackalloc byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32LittleEndian(content, (uint)reason);
        socket?.SendLast(CloneMessage.End, content);
        _startTimer?.Dispose();
        return true;
    }

    private void Finish()
    {
        _service.Remove(this);
        _reading.TrySetException(new CloneEndedException(_reason));
        _ = _reading.Task.Exception;
        _completion.TrySetResult(_reason);
    }

    private void Serve(CloneSocket socket)
    {
        while (socket.TryReceive(LongestRequest, out CloneMessage type, out _))
        {
            switch (type)
            {
                case CloneMessage.Sources:
                    SendSources(socket);
                    break;
                case CloneMessage.Ready:
                    Volatile.Write(ref _state, (int)StoreCloneState.Reading);
                    _reading.TrySetResult();
                    break;
                case CloneMessage.Bye:
                    End(CloneEnd.ClosedByReader);
                    return;
                default:
                    return;
            }
        }
    }

    private void SendSources(CloneSocket socket)
    {
        try
        {
            string text = string.Join('\n', _service.GetSources());
            _ = socket.TrySend(CloneMessage.Sources, Encoding.UTF8.GetBytes(text));
        }
        catch (Exception failure) when (failure is IOException or ObjectDisposedException)
        {
            CloneHello.Refuse(
                socket, CloneRefusal.StoreFailed, $"the store's adapter says: {failure.Message}");
        }
    }

    private static CloneEnd EndOf(CutEnd reason)
    {
        Debug.Assert(reason is not (CutEnd.None or CutEnd.OutOfMemory), "it notes nothing");
        return reason switch
        {
            CutEnd.Closed => CloneEnd.StoreClosed,
            CutEnd.TimeIsOver => CloneEnd.Expired,
            CutEnd.HeldTooMuch => CloneEnd.HeldTooMuch,
            _ => CloneEnd.TakenBack,
        };
    }
}
