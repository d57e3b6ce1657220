using System.Diagnostics;
using FlashKV.Superpipe.Abi;

namespace FlashKV.SimBackend.Afu;

/// <summary>
/// A context of a client whose memory is reached in a certain way: the execution of its commands
/// by the threads that wait for them. Contexts share nothing that the data path writes.
/// </summary>
/// <remarks>
/// A doorbell only queues. <see cref="TryDrive"/> enters a lane, fetches what is queued, executes
/// it merged, and answers. Several threads may be at work in lanes of their own, so that one
/// thread's slow transfer does not hold up another's. Where the medium can have transfers under
/// way, they are started, and answered as they end by whoever is in the lane then; so one thread
/// keeps as many under way as it sends commands.
/// </remarks>
internal sealed class AfuContext<TMemory> : AfuContext
    where TMemory : struct, IHostMemory
{
    private readonly TMemory _memory;
    private readonly CommandLane<TMemory>?[] _lanes = new CommandLane<TMemory>[LaneGate.LaneCount];
    private readonly CommandDecoder<TMemory> _decoder;
    private int _fetching;

    internal AfuContext(AfuModel afu, ushort handle, ContextEvents events, TMemory memory)
        : base(afu, handle, events)
    {
        _memory = memory;
        _decoder = new CommandDecoder<TMemory>(afu, handle, memory, events);
    }

    /// <inheritdoc/>
    internal override void AddCounters(CommandCounters total)
    {
        foreach (CommandLane<TMemory>? lane in _lanes)
        {
            if (lane is not null)
            {
                total.Add(lane.Counters);
            }
        }
    }

    /// <inheritdoc/>
    internal override void Wait()
    {
        const int Pauses = 16;
        if (!Drive(mayWait: true) && !DriveOthers())
        {
            if (IsLost)
            {
                // The client sees it at its next look at a register. The sooner the better: others
                // may keep the processor for long.
                return;
            }

            if (_gate.IsAnyTaken())
            {
                Thread.Yield();
            }
            else
            {
                Thread.SpinWait(Pauses);
            }
        }
    }

    /// <inheritdoc/>
    internal override bool TryDrive() => Drive(mayWait: false);

    /// <inheritdoc/>
    private protected override bool TrySettle()
    {
        bool isSettled = true;
        foreach (CommandLane<TMemory>? lane in _lanes)
        {
            if (lane is not null && lane.UnderWay > 0)
            {
                _ = Collect(lane, mayWait: false);
                isSettled &= lane.UnderWay == 0;
            }
        }

        return isSettled;
    }

    private bool Drive(bool mayWait)
    {
        int lane = _gate.TryEnter();
        if (lane < 0)
        {
            return false;
        }

        try
        {
            return IsRunning
                && Drive(_lanes[lane] ??= new CommandLane<TMemory>(Afu), mayWait);
        }
        finally
        {
            _gate.Leave(lane);
        }
    }

    // Transfers that were left under way by threads which have nothing to wait for any more.
    private bool DriveOthers()
    {
        for (int i = 0; i < _lanes.Length; i++)
        {
            CommandLane<TMemory>? lane = Volatile.Read(ref _lanes[i]);
            if (lane is null || lane.UnderWay == 0 || !_gate.TryEnter(i))
            {
                continue;
            }

            try
            {
                return IsRunning && Drive(lane, mayWait: true);
            }
            finally
            {
                _gate.Leave(i);
            }
        }

        return false;
    }

    // Waits only if nothing could be answered, since the answers may be what the thread waits for.
    private bool Drive(CommandLane<TMemory> lane, bool mayWait)
    {
        int count = Fetch(lane);
        bool hasAnswered = count > 0 && ExecuteBatch(lane, count);
        if (lane.UnderWay == 0)
        {
            return count > 0;
        }

        // What fills a batch goes on behind it. Each leaves less room for the next.
        bool hasMore = count == CommandLane<TMemory>.BatchSize && !hasAnswered;
        while (hasMore)
        {
            count = Fetch(lane);
            hasAnswered = count > 0 && ExecuteBatch(lane, count);
            hasMore = count > 0 && lane.Room > 0 && !hasAnswered;
        }

        return Collect(lane, mayWait && !hasAnswered) || count > 0;
    }

    private bool ExecuteBatch(CommandLane<TMemory> lane, int count)
    {
        Span<AfuCommand> commands = lane.Execute(count, Control, in _decoder);
        if (lane.HasDelayed)
        {
            Postpone(lane, commands);
        }

        return AnswerIfRunning(lane, commands);
    }

    private bool Collect(CommandLane<TMemory> lane, bool mayWait)
    {
        Span<AfuCommand> commands = lane.Collect(mayWait);
        return !commands.IsEmpty && AnswerIfRunning(lane, commands);
    }

    // A context that was reset or lost meanwhile gets no answers (SP §4.9). Whoever reset it
    // waits for this lane, so the check cannot come too early.
    private bool AnswerIfRunning(CommandLane<TMemory> lane, Span<AfuCommand> commands) =>
        IsRunning && (TMemory.IsCopied ? AnswerCopied(lane, commands) : Answer(commands));

    private int Fetch(CommandLane<TMemory> lane)
    {
        if (!_isRing && _rooms.IsEmpty && _postponed.IsEmpty)
        {
            return 0;
        }

        if (Volatile.Read(ref _fetching) != 0
            || Interlocked.CompareExchange(ref _fetching, 1, 0) != 0)
        {
            return 0;
        }

        bool isBroken = false;
        int count = _isRing
            ? _ring.Fetch(_memory, lane.Fetched, out isBroken)
            : FetchFromRooms(lane, out isBroken);
        if (ByteOrder.IsForeign(IsBigEndian))
        {
            SwapFetched(lane.Fetched[..count]);
        }

        if (!_postponed.IsEmpty)
        {
            count += _postponed.Take(count, lane.Fetched[count..]);
        }

        Volatile.Write(ref _fetching, 0);
        if (isBroken)
        {
            RaiseInterrupt(SislSyncInterrupts.PermErrRcbRead);
        }

        return count;
    }

    private void SwapFetched(Span<FetchedCommand> commands)
    {
        foreach (ref FetchedCommand command in commands)
        {
            ByteOrder.Swap(ref command.Ioarcb);
            if (_isRing)
            {
                command.IoasaAddress = command.Ioarcb.Ioasa;
                command.ResponseAddress = command.Ioarcb.Ioasa;
            }
        }
    }

    private void Postpone(CommandLane<TMemory> lane, Span<AfuCommand> commands)
    {
        for (int i = 0; i < commands.Length; i++)
        {
            if (commands[i].IsDelayed)
            {
                _postponed.Add(in lane.Fetched[i]);
            }
        }
    }

    private int FetchFromRooms(CommandLane<TMemory> lane, out bool isBroken)
    {
        isBroken = false;
        int queued = _rooms.Dequeue(lane.Addresses);
        if (TMemory.IsCopied)
        {
            return lane.Copies.Fetch(
                _memory, lane.Addresses[..queued], lane.Fetched, out isBroken);
        }

        int count = 0;
        foreach (ulong address in lane.Addresses[..queued])
        {
            ref FetchedCommand command = ref lane.Fetched[count];
            if (address % SislIoarcb.MinAlignment == 0
                && _memory.TryRead(address, AbiBytes.Of(ref command.Ioarcb)))
            {
                command.ResponseAddress = address;
                command.IoasaAddress = address + SislIoarcb.SizeInBytes;
                command.WasDelayed = false;
                count++;
            }
            else
            {
                isBroken = true;
            }
        }

        return count;
    }

    // The same as below for a client whose memory is copied, a batch at once. Nothing of it is
    // under way.
    private bool AnswerCopied(CommandLane<TMemory> lane, Span<AfuCommand> commands)
    {
        ulong interrupts = 0;
        foreach (ref AfuCommand command in commands)
        {
            if (command.Result.AfuExtra == (byte)SislAfuDmaExtra.PageIn)
            {
                RaiseInterrupt(SislSyncInterrupts.TempErrPageIn);
            }
        }

        lane.Copies.WriteStatuses(
            _memory, commands, ByteOrder.IsForeign(IsBigEndian), out bool isBroken);
        if (isBroken)
        {
            RaiseInterrupt(SislSyncInterrupts.PermErrSaWrite);
        }

        ReadOnlySpan<ulong> handles = lane.Copies.Handles(commands);
        if (handles.IsEmpty)
        {
            return false;
        }

        long position = _responses.Reserve(handles.Length);
        if (_responses.Fill(_memory, position, handles, IsBigEndian) < handles.Length)
        {
            RaiseInterrupt(SislSyncInterrupts.PermErrRrqWrite);
            return true;
        }

        foreach (ref AfuCommand command in commands)
        {
            interrupts |= command.LosesResponse ? 0 : 1UL << (command.Msi & 63);
        }

        RaiseAll(interrupts);
        return true;
    }

    // Says whether there was anything to answer.
    private bool Answer(Span<AfuCommand> commands)
    {
        int answers = 0;
        foreach (ref AfuCommand command in commands)
        {
            if (command.IsUnderWay)
            {
                continue;
            }

            if (command.RaisesPageIn)
            {
                RaiseInterrupt(SislSyncInterrupts.TempErrPageIn);
            }

            if (!command.LosesResponse && !_memory.TryWriteIoasa(
                command.IoasaAddress, in command.Result, ByteOrder.IsForeign(IsBigEndian)))
            {
                command.LosesResponse = true;
                RaiseInterrupt(SislSyncInterrupts.PermErrSaWrite);
            }

            command.LosesResponse |= command.LosesEntry;
            answers += command.LosesResponse ? 0 : 1;
        }

        if (answers > 0)
        {
            Post(commands, answers);
        }

        return answers > 0;
    }

    private void Post(Span<AfuCommand> commands, int answers)
    {
        long position = _responses.Reserve(answers);
        ulong interrupts = 0;
        bool isBigEndian = IsBigEndian;
        foreach (ref AfuCommand command in commands)
        {
            if (command.LosesResponse || command.IsUnderWay)
            {
                continue;
            }

            if (!_responses.TryFill(
                _memory, position++, command.ResponseAddress, isBigEndian))
            {
                RaiseInterrupt(SislSyncInterrupts.PermErrRrqWrite);
                return;
            }

            interrupts |= 1UL << (command.Msi & 63);
        }

        RaiseAll(interrupts);
        Debug.Assert(answers <= commands.Length, "one answer per command at most");
    }

    private void RaiseAll(ulong interrupts)
    {
        interrupts &= ~1UL;
        while (interrupts != 0)
        {
            RaiseLisn(System.Numerics.BitOperations.TrailingZeroCount(interrupts));
            interrupts &= interrupts - 1;
        }
    }
}
