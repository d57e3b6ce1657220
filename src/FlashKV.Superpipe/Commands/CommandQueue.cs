using FlashKV.Superpipe.Abi;
using FlashKV.Superpipe.Recovery;

namespace FlashKV.Superpipe.Commands;

/// <summary>
/// The data path of one context: its register window, command blocks, rooms and rings. Threads use
/// it while registered in the context's <see cref="ContextGate"/>; what is marked "alone" is for
/// the thread that has closed the gate and found it empty.
/// </summary>
internal sealed unsafe partial class CommandQueue<TRegisters>
    where TRegisters : struct, IRegisterWindow
{
    private readonly FreeBlocks _free;
    private readonly RoomCredit _rooms;
    private readonly ResponseQueue _responses;
    private readonly SubmissionQueue _submissions;
    private TRegisters _window;
    private ushort _contextHandle;
    private int _hungry;

    internal CommandQueue(int count, bool usesSubmissionQueue, ContextCounters counters)
    {
        Counters = counters;
        UsesSubmissionQueue = usesSubmissionQueue;
        Memory = new CommandMemory(count);
        _free = new FreeBlocks(count, Environment.ProcessorCount);
        _rooms = new RoomCredit(count);
        _responses = new ResponseQueue(Memory);
        _submissions = new SubmissionQueue(Memory);
    }

    internal CommandMemory Memory { get; }

    internal ContextCounters Counters { get; }

    /// <summary>Whether commands go through the submission ring instead of IOARRIN.</summary>
    internal bool UsesSubmissionQueue { get; }

    /// <summary>Whether WRITE SAME(16) unmaps.</summary>
    internal bool CanUnmap { get; private set; }

    /// <summary>Grows whenever commands in flight were taken back.</summary>
    internal uint Generation { get; private set; }

    /// <summary>
    /// Whether a batch that has nothing in flight waits for a command block or a room; see
    /// <see cref="BatchRunner{TRegisters}"/>.
    /// </summary>
    internal bool HasHungry => Volatile.Read(ref _hungry) != 0;

    internal int FreeCount => _free.Count;

    internal bool IsIdle => _free.Count == _free.Total;

    /// <summary>Claims command blocks; see <see cref="FreeBlocks.TryClaim"/>.</summary>
    internal bool TryClaim(int wanted, int hint, out int first, out ulong mask) =>
        _free.TryClaim(wanted, hint, out first, out mask);

    /// <summary>Frees a block that is not in flight.</summary>
    internal void Free(int index)
    {
        // SAFETY: the caller has claimed the block.
        Memory.State(index)->Status = CommandStatus.Free;
        _free.Free(index);
    }

    /// <summary>
    /// Takes up to as many rooms as wanted, reading cmd_room where that is allowed.
    /// </summary>
    internal int TakeRooms(int wanted, out RestoreReason reason)
    {
        reason = RestoreReason.None;
        if (UsesSubmissionQueue)
            return wanted;

        int taken = _rooms.Take(wanted);
        if (taken != 0)
            return taken;

        switch (_rooms.TryRefill(_window))
        {
            case RoomRefill.Added:
                return _rooms.Take(wanted);
            case RoomRefill.Lost:
                reason = RestoreReason.Lost;
                return 0;
            default:
                return 0;
        }
    }

    /// <summary>Sends the first commands of a list, for which rooms have been taken.</summary>
    internal void Send(ref CommandList ready, int count)
    {
        if (UsesSubmissionQueue)
            SendThroughRing(ref ready, count);
        else
            SendOneByOne(ref ready, count);
    }

    /// <summary>Counts the batches that have nothing in flight and cannot begin.</summary>
    internal void AddHungry(int change) => Interlocked.Add(ref _hungry, change);

    /// <summary>What a thread does that waits for a response.</summary>
    internal void Wait() => _window.Wait();

    /// <summary>What a thread does that does not wait.</summary>
    internal void DriveAdapter() => _window.Drive();

    /// <summary>Looks at the error interrupts, and whether the adapter is there at all.</summary>
    internal RestoreReason CheckRegisters()
    {
        ulong status = _window.Read(SislHostMap.IntrStatus);
        if (status == SislHostMap.AllOnes)
            return RestoreReason.Lost;

        if (_sawAllOnes)
        {
            // The response queue says so and the register does not: the driver is asked, once for
            // this entry.
            _askedAt = _responses.Consumed;
            _sawAllOnes = false;
            return RestoreReason.Lost;
        }

        status &= (ulong)SislSyncInterrupts.ClientUnmask;
        if (status == 0)
            return RestoreReason.None;

        _window.Write(SislHostMap.IntrClear, status);
        Interlocked.Increment(ref Counters.AdapterErrors);
        return status == (ulong)SislSyncInterrupts.TempErrPageIn
            ? RestoreReason.None
            : RestoreReason.Stuck;
    }

    private void SendOneByOne(ref CommandList ready, int count)
    {
        for (int i = 0; i < count; i++)
        {
            SislIoarcb* command = Prepare(ready.Pop(Memory), 0);
            _window.Write(SislHostMap.Ioarrin, (ulong)command);
        }

        _rooms.Used(count);
    }

    private void SendThroughRing(ref CommandList ready, int count)
    {
        _submissions.Enter();
        try
        {
            for (int i = 0; i < count; i++)
            {
                int index = ready.Pop(Memory);
                _submissions.Append(Prepare(index, (ulong)Memory.Ioasa(index)));
            }

            _window.Write(SislHostMap.SqTail, _submissions.Tail);
        }
        finally
        {
            _submissions.Exit();
        }
    }

    private SislIoarcb* Prepare(int index, ulong ioasa)
    {
        // SAFETY: the caller has claimed the block and the AFU does not have it, so nobody else
        // reads or writes it. The register write that follows publishes these stores.
        SislIoarcb* command = Memory.Ioarcb(index);
        command->CtxId = _contextHandle;
        command->Ioasa = ioasa;
        *Memory.Ioasa(index) = default;
        Memory.State(index)->Status = CommandStatus.InFlight;
        return command;
    }
}
