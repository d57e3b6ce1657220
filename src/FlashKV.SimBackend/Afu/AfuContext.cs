namespace FlashKV.SimBackend.Afu;

/// <summary>
/// One context of the AFU as the driver and the client's window see it: its registers and its
/// queues. How it reaches the client's memory is the business of
/// <see cref="AfuContext{TMemory}"/>.
/// </summary>
/// <remarks>
/// A context that is lost stays lost: its registers read all ones, and nothing is answered any
/// more. Recovery makes a new one. The driver waits with <see cref="TryCloseLanes"/> for the last
/// transfer of a lost context before the client may have its memory back.
/// </remarks>
internal abstract partial class AfuContext
{
    private protected readonly LaneGate _gate = new();
    private protected readonly ResponseQueue _responses = new();
    private protected readonly RoomQueue _rooms;
    private protected readonly SubmissionRing _ring = new();
    private protected readonly PostponedCommands _postponed = new();
    private protected readonly bool _isRing;
    private int _isLost;
    private int _isResetting;

    private protected AfuContext(AfuModel afu, ushort handle, ContextEvents events)
    {
        Afu = afu;
        _isRing = afu.Mode == SubmissionMode.SubmissionQueue;
        _rooms = new RoomQueue(afu.CommandRoomCount);
        Handle = handle;
        Events = events;
    }

    /// <summary>The AFU.</summary>
    internal AfuModel Afu { get; }

    /// <summary>The context handle, which is the process element.</summary>
    internal ushort Handle { get; }

    /// <summary>The events that the context's descriptor gives out.</summary>
    internal ContextEvents Events { get; }

    /// <summary>The registers for the driver.</summary>
    internal ControlMap Control { get; } = new();

    /// <summary>Whether the context's registers read all ones.</summary>
    internal bool IsLost => Volatile.Read(ref _isLost) != 0;

    /// <summary>Whether the client hands commands over in a ring (SQ mode).</summary>
    internal bool IsRing => _isRing;

    /// <summary>Whether the client has handed over commands that are to be fetched now.</summary>
    internal bool HasCommands => IsRunning
        && !((_isRing ? _ring.IsEmpty : _rooms.IsEmpty) && _postponed.IsEmpty);

    /// <summary>How often the client has reset the context.</summary>
    internal int ResetCount { get; private set; }

    /// <summary>Whether commands may be fetched and answered.</summary>
    private protected bool IsRunning =>
        Volatile.Read(ref _isLost) == 0 && Volatile.Read(ref _isResetting) == 0;

    /// <summary>
    /// Takes the context away from its client, at once and for ever. Does not wait.
    /// </summary>
    internal void Lose()
    {
        Volatile.Write(ref _isLost, 1);
        Control.Lock();
        Afu.Forget(this);
        Events.Close();
    }

    /// <summary>Waits until no command is being executed and lets none begin.</summary>
    /// <param name="timeoutMilliseconds">The longest wait.</param>
    /// <returns>
    /// Whether the lanes are closed; if so, <see cref="OpenLanes"/> must follow.
    /// </returns>
    internal bool TryCloseLanes(long timeoutMilliseconds)
    {
        long deadline = Environment.TickCount64 + timeoutMilliseconds;
        if (!_gate.TryClose(timeoutMilliseconds))
        {
            return false;
        }

        SpinWait spin = default;
        while (!TrySettle())
        {
            if (Environment.TickCount64 >= deadline)
            {
                _gate.Open();
                return false;
            }

            spin.SpinOnce();
        }

        return true;
    }

    /// <summary>Lets commands be executed again.</summary>
    internal void OpenLanes() => _gate.Open();

    /// <summary>Adds up what all lanes have done.</summary>
    internal abstract void AddCounters(CommandCounters total);

    /// <summary>
    /// Executes what is queued and answers it, unless all lanes are taken. Never waits for another
    /// thread.
    /// </summary>
    /// <returns>Whether a command was executed.</returns>
    internal abstract bool TryDrive();

    /// <summary>
    /// Collects, without waiting, transfers that were left under way. Only with the lanes closed.
    /// </summary>
    /// <returns>Whether none is left.</returns>
    private protected abstract bool TrySettle();

    /// <summary>
    /// What a waiting thread does: executes what is queued, or gives its processor to those who
    /// are executing.
    /// </summary>
    internal abstract void Wait();
}
