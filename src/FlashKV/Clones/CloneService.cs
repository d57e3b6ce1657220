using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using FlashKV.Opening;
using FlashKV.Shards;

namespace FlashKV.Clones;

/// <summary>
/// The clones of an open store: takes their cuts, and listens for the processes that read them. It
/// costs nothing before the first one, unless clones are allowed by name.
/// </summary>
internal sealed class CloneService : IDisposable
{
    /// <summary>The variable in which a process finds the clone that it was started for.</summary>
    public const string Variable = "FLASHKV_CLONE";

    private readonly Lock _taking = new();
    private readonly Lock _lock = new();
    private readonly HashSet<CloneSession> _sessions = [];
    private readonly StoreCore _core;
    private readonly StoreLuns _luns;
    private readonly StoreDirectory _files;
    private readonly Func<StorePlace> _place;
    private StorePlace? _served;
    private CloneListener? _byName;
    private CloneListener? _forChildren;
    private bool _isClosed;

    public CloneService(
        StoreCore core, StoreLuns luns, StoreDirectory files, Func<StorePlace> place)
    {
        _core = core;
        _luns = luns;
        _files = files;
        _place = place;
    }

    /// <summary>Where the store is, for the processes that read clones.</summary>
    public StorePlace Place
    {
        get
        {
            lock (_lock)
            {
                return _served ??= _place();
            }
        }
    }

    /// <summary>The clones that have not ended.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _sessions.Count;
            }
        }
    }

    /// <summary>Serves clones to whoever of the same user asks by the directory's name.</summary>
    public void Listen()
    {
        _files.PrepareForClones();
        _byName = CloneListener.AtPath(_files.ClonesPath, Serve);
    }

    /// <summary>Takes a clone and starts a process for it.</summary>
    public StoreClone Start(ProcessStartInfo start, CloneOptions options)
    {
        CloneListener listener = ListenForChildren();
        CloneSession session = Take(
            options, BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(sizeof(ulong))) | 1);
        try
        {
            session.LimitStart(_core.Context.Options.TimeProvider, options.StartTimeout);
            var address = new CloneAddress(listener.Address, session.Ticket);
            return new StoreClone(session, StartProcess(start, address, session));
        }
        catch
        {
            session.End(CloneEnd.ReaderEnded);
            throw;
        }
    }

    /// <summary>What there is to clone now: a line for each context.</summary>
    public IEnumerable<string> GetSources() =>
        _luns.GetCloneSources().Select(static source => source.ToString());

    /// <summary>Notes that a session has ended.</summary>
    public void Remove(CloneSession session)
    {
        lock (_lock)
        {
            _sessions.Remove(session);
        }

        NoteReaders();
    }

    /// <summary>Writes down which processes read, for who may have to wait for them.</summary>
    public void NoteReaders()
    {
        lock (_lock)
        {
            if (!_isClosed)
            {
                _files.WriteReaders(_sessions.Select(static session => session.ReaderId));
            }
        }
    }

    /// <summary>Ends all clones: the store is closing.</summary>
    public void Dispose()
    {
        Volatile.Write(ref _isClosed, true);
        CloneSession[] sessions;
        lock (_taking)
        {
            lock (_lock)
            {
                sessions = [.. _sessions];
            }
        }

        _byName?.Stop();
        _forChildren?.Stop();
        Array.ForEach(sessions, static session => session.End(CloneEnd.StoreClosed));
        _byName?.Dispose();
        _forChildren?.Dispose();
        _files.WriteReaders([]);
    }

    private CloneListener ListenForChildren()
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_isClosed, typeof(FlashStore));
            if (_forChildren is null)
            {
                _files.PrepareForClones();
                _forChildren = CloneListener.AtName(Serve);
            }

            return _forChildren;
        }
    }

    // One after another, and none once the store is closing: that waits for the one under way.
    private CloneSession Take(CloneOptions options, ulong ticket)
    {
        lock (_taking)
        {
            ObjectDisposedException.ThrowIf(Volatile.Read(ref _isClosed), typeof(FlashStore));
            CloneSession session = new(this, _core, options, ticket);
            lock (_lock)
            {
                if (session.State != StoreCloneState.Ended)
                {
                    _sessions.Add(session);
                }
            }

            return session;
        }
    }

    private static Process StartProcess(
        ProcessStartInfo start, CloneAddress address, CloneSession session)
    {
        Process process;
        bool had = start.Environment.TryGetValue(Variable, out string? before);
        start.Environment[Variable] = address.ToString();
        try
        {
            process = new Process { StartInfo = start, EnableRaisingEvents = true };
            process.Exited += (_, _) => session.EndUnlessConnected(CloneEnd.ReaderEnded);
            if (!process.Start())
            {
                throw new InvalidOperationException("No process was started.");
            }
        }
        finally
        {
            start.Environment.Remove(Variable);
            if (had)
            {
                start.Environment[Variable] = before;
            }
        }

        return process;
    }

    // Called by a thread of the connection's own.
    private void Serve(CloneSocket socket, CloneHello hello, int readerId)
    {
        CloneSession? session;
        if (hello.Ticket != 0)
        {
            session = Find(hello.Ticket);
        }
        else
        {
            session = _core.Context.Options.AllowClones ? TakeByName(socket) : null;
        }

        if (session is null || !session.TryServe(socket, readerId))
        {
            CloneHello.Refuse(
                socket,
                CloneRefusal.Taken,
                "it was given up, or another process has taken it: a clone is for one process");
        }
    }

    private CloneSession? Find(ulong ticket)
    {
        lock (_lock)
        {
            return _sessions.FirstOrDefault(session => session.Ticket == ticket);
        }
    }

    private CloneSession? TakeByName(CloneSocket socket)
    {
        try
        {
            return Take(_core.Context.Options.CloneLimits, 0);
        }
        catch (Exception failure)
            when (failure is FlashStoreException or ObjectDisposedException or IOException)
        {
            CloneHello.Refuse(
                socket,
                CloneRefusal.StoreFailed,
                string.Create(CultureInfo.InvariantCulture, $"the store says: {failure.Message}"));
            return null;
        }
    }
}
