using System.Diagnostics;
using FlashKV.Superpipe.Abi;

namespace FlashKV.SimBackend.Afu;

/// <summary>
/// One context of the AFU: its registers, its queues, and the execution of its commands by the
/// threads that wait for them. Contexts share nothing that the data path writes.
/// </summary>
/// <remarks>
/// <para>
/// A doorbell only queues. <see cref="Wait"/> enters a lane, fetches what is queued, executes it
/// merged, and answers. Several threads may be at work in lanes of their own, so that one thread's
/// slow transfer does not hold up another's.
/// </para>
/// <para>
/// A context that is lost stays lost: its registers read all ones, and nothing is answered any
/// more. Recovery makes a new one. The driver waits with <see cref="TryCloseLanes"/> for the last
/// transfer of a lost context before the client may have its memory back.
/// </para>
/// </remarks>
internal sealed partial class AfuContext<TMemory>
    where TMemory : struct, IHostMemory
{
    private readonly AfuModel _afu;
    private readonly TMemory _memory;
    private readonly LaneGate _gate = new();
    private readonly CommandLane<TMemory>?[] _lanes = new CommandLane<TMemory>[LaneGate.LaneCount];
    private readonly CommandDecoder<TMemory> _decoder;
    private readonly ResponseQueue _responses = new();
    private readonly RoomQueue _rooms;
    private readonly SubmissionRing _ring = new();
    private readonly bool _isRing;
    private int _fetching;
    private int _isLost;
    private int _isResetting;

    internal AfuContext(AfuModel afu, ushort handle, ContextEvents events, TMemory memory)
    {
        _afu = afu;
        _memory = memory;
        _isRing = afu.Mode == SubmissionMode.SubmissionQueue;
        _rooms = new RoomQueue(afu.CommandRoomCount);
        _decoder = new CommandDecoder<TMemory>(afu, handle, memory, events);
        Handle = handle;
        Events = events;
    }

    /// <summary>The context handle, which is the process element.</summary>
    internal ushort Handle { get; }

    /// <summary>The events that the context's descriptor gives out.</summary>
    internal ContextEvents Events { get; }

    /// <summary>The registers for the driver.</summary>
    internal ControlMap Control { get; } = new();

    /// <summary>Whether the context's registers read all ones.</summary>
    internal bool IsLost => Volatile.Read(ref _isLost) != 0;

    /// <summary>How often the client has reset the context.</summary>
    internal int ResetCount { get; private set; }

    /// <summary>
    /// Takes the context away from its client, at once and for ever. Does not wait.
    /// </summary>
    internal void Lose()
    {
        Volatile.Write(ref _isLost, 1);
        Events.Close();
    }

    /// <summary>Waits until no command is being executed and lets none begin.</summary>
    /// <param name="timeoutMilliseconds">The longest wait.</param>
    /// <returns>
    /// Whether the lanes are closed; if so, <see cref="OpenLanes"/> must follow.
    /// </returns>
    internal bool TryCloseLanes(long timeoutMilliseconds) => _gate.TryClose(timeoutMilliseconds);

    /// <summary>Lets commands be executed again.</summary>
    internal void OpenLanes() => _gate.Open();

    /// <summary>Adds up what all lanes have done.</summary>
    internal void AddCounters(CommandCounters total)
    {
        foreach (CommandLane<TMemory>? lane in _lanes)
        {
            if (lane is not null)
            {
                total.Add(lane.Counters);
            }
        }
    }

    /// <summary>
    /// What a waiting thread does: executes what is queued, or gives its processor to those who
    /// are executing.
    /// </summary>
    internal void Wait()
    {
        const int Pauses = 16;
        if (!Drive())
        {
            if (_gate.IsAnyTaken() || IsLost)
            {
                Thread.Yield();
            }
            else
            {
                Thread.SpinWait(Pauses);
            }
        }
    }

    /// <summary>Executes what is queued, if a lane is free.</summary>
    /// <returns>Whether a command was executed.</returns>
    private bool Drive()
    {
        int lane = _gate.TryEnter();
        if (lane < 0)
        {
            return false;
        }

        try
        {
            return IsRunning && ExecuteBatch(_lanes[lane] ??= new CommandLane<TMemory>());
        }
        finally
        {
            _gate.Leave(lane);
        }
    }

    private bool IsRunning =>
        Volatile.Read(ref _isLost) == 0 && Volatile.Read(ref _isResetting) == 0;

    private bool ExecuteBatch(CommandLane<TMemory> lane)
    {
        int count = Fetch(lane);
        if (count == 0)
        {
            return false;
        }

        Span<AfuCommand> commands = lane.Execute(count, Control, in _decoder);

        // A context that was reset or lost meanwhile gets no answers (SP §4.9). Whoever reset it
        // waits for this lane, so the check cannot come too early.
        if (IsRunning)
        {
            Answer(commands);
        }

        return true;
    }

    private int Fetch(CommandLane<TMemory> lane)
    {
        if (Volatile.Read(ref _fetching) != 0
            || Interlocked.CompareExchange(ref _fetching, 1, 0) != 0)
        {
            return 0;
        }

        bool isBroken = false;
        int count = _isRing
            ? _ring.Fetch(_memory, lane.Fetched, out isBroken)
            : FetchFromRooms(lane, out isBroken);
        Volatile.Write(ref _fetching, 0);
        if (isBroken)
        {
            RaiseInterrupt(SislSyncInterrupts.PermErrRcbRead);
        }

        return count;
    }

    private int FetchFromRooms(CommandLane<TMemory> lane, out bool isBroken)
    {
        isBroken = false;
        int queued = _rooms.Dequeue(lane.Addresses);
        int count = 0;
        foreach (ulong address in lane.Addresses[..queued])
        {
            ref FetchedCommand command = ref lane.Fetched[count];
            if (address % SislIoarcb.MinAlignment == 0
                && _memory.TryRead(address, AbiBytes.Of(ref command.Ioarcb)))
            {
                command.ResponseAddress = address;
                command.IoasaAddress = address + SislIoarcb.SizeInBytes;
                count++;
            }
            else
            {
                isBroken = true;
            }
        }

        return count;
    }

    private void Answer(Span<AfuCommand> commands)
    {
        int answers = 0;
        foreach (ref AfuCommand command in commands)
        {
            if (!command.LosesResponse && !TryWriteIoasa(ref command))
            {
                command.LosesResponse = true;
                RaiseInterrupt(SislSyncInterrupts.PermErrSaWrite);
            }

            answers += command.LosesResponse ? 0 : 1;
        }

        if (answers > 0)
        {
            Post(commands, answers);
        }
    }

    private bool TryWriteIoasa(ref AfuCommand command)
    {
        // The second half is the host's.
        const int OwnBytes = SislIoasa.SizeInBytes / 2;
        SislIoasa ioasa = command.Result.ToIoasa();
        return _memory.TryWrite(command.IoasaAddress, AbiBytes.Of(ref ioasa)[..OwnBytes]);
    }

    private void Post(Span<AfuCommand> commands, int answers)
    {
        long position = _responses.Reserve(answers);
        ulong interrupts = 0;
        foreach (ref AfuCommand command in commands)
        {
            if (command.LosesResponse)
            {
                continue;
            }

            if (!_responses.TryFill(_memory, position++, command.ResponseAddress))
            {
                RaiseInterrupt(SislSyncInterrupts.PermErrRrqWrite);
                return;
            }

            interrupts |= 1UL << (command.Msi & 63);
        }

        interrupts &= ~1UL;
        while (interrupts != 0)
        {
            Events.RaiseInterrupt(System.Numerics.BitOperations.TrailingZeroCount(interrupts));
            interrupts &= interrupts - 1;
        }

        Debug.Assert(answers <= commands.Length, "one answer per command at most");
    }
}
