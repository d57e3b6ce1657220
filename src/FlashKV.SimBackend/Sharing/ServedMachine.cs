namespace FlashKV.SimBackend.Sharing;

/// <summary>What the connections of a server have in common.</summary>
internal sealed class ServedMachine : IDisposable
{
    private readonly HangUpWatcher _watcher = new();
    private readonly DriveWorkers _workers;

    private readonly Func<int> _countConnections;
    private int _failureCount;

    internal ServedMachine(
        SimulatedHost host, Func<int> countConnections, bool servesClonesOnly)
    {
        const uint Messages = 1;
        const uint Pages = 2;
        _countConnections = countConnections;
        _workers = new DriveWorkers(NoteFailure);
        Host = host;
        ServesClonesOnly = servesClonesOnly;
        RegisterModes = Messages | (host.Adapters.All(
            adapter => adapter.SubmissionMode == SubmissionMode.SubmissionQueue) ? Pages : 0);
        Poller = new PagePoller(_workers);
        Registry = new ClientRegistry(
            host.Module, _watcher, Poller, _workers, adoptsAll: servesClonesOnly);
        Tree = new DeviceTree(host);
        _watcher.Start(Registry.OnHangUp);
    }

    /// <summary>The adapters.</summary>
    internal SimulatedHost Host { get; }

    /// <summary>
    /// Whether clients may do nothing but clone, for reading, the LUNs of this process.
    /// </summary>
    internal bool ServesClonesOnly { get; }

    /// <summary>How registers can be reached: bit 0 messages, bit 1 shared pages.</summary>
    internal uint RegisterModes { get; }

    /// <summary>How often serving has failed by a fault of the server itself.</summary>
    internal int FailureCount => Volatile.Read(ref _failureCount);

    /// <summary>The last of these faults.</summary>
    internal Exception? LastFailure { get; private set; }

    /// <summary>The number of connections.</summary>
    internal int ConnectionCount => _countConnections();

    /// <summary>The processes and their files.</summary>
    internal ClientRegistry Registry { get; }

    /// <summary>Who looks at shared pages.</summary>
    internal PagePoller Poller { get; }

    /// <summary>The devices as programs look for them.</summary>
    internal DeviceTree Tree { get; }

    /// <summary>Notes a fault of the server itself; statistics show it.</summary>
    internal void NoteFailure(Exception failure)
    {
        LastFailure = failure;
        Interlocked.Increment(ref _failureCount);
    }

    public void Dispose()
    {
        Registry.CloseAll();
        Poller.Dispose();
        _workers.Dispose();
        _watcher.Dispose();
    }
}
