using FlashKV.Superpipe.Abi;

namespace FlashKV.Superpipe.Commands;

/// <summary>The harvester role: one thread at a time drains the response ring for all.</summary>
internal sealed unsafe partial class CommandQueue<TRegisters>
{
    private int _harvesting;
    private volatile bool _sawAllOnes;
    private long _askedAt = -1;

    /// <summary>Whether a response entry read as all ones, as a lost adapter leaves it.</summary>
    internal bool SawAllOnes => _sawAllOnes;

    /// <summary>
    /// Drains the response ring, unless another thread is doing so, and settles everybody's
    /// commands.
    /// </summary>
    /// <returns>The number of responses drained by this thread.</returns>
    internal int Harvest()
    {
        if (!_responses.SeemsNew
            || Volatile.Read(ref _harvesting) != 0
            || Interlocked.CompareExchange(ref _harvesting, 1, 0) != 0)
            return 0;
        try
        {
            return Drain();
        }
        finally
        {
            Volatile.Write(ref _harvesting, 0);
        }
    }

    /// <summary>Drains the response ring. Only with the role, or alone.</summary>
    internal int Drain()
    {
        CompletionRun run = default;
        int count = 0;
        while (count < Memory.Count && _responses.TryPeek(out ulong entry))
        {
            if (entry == SislHostMap.AllOnes)
            {
                _sawAllOnes = _askedAt != _responses.Consumed;
                break;
            }

            _responses.Advance();
            Settle(SislRrq.Address(entry), ref run);
            count++;
        }

        run.Flush(_free);
        return count;
    }

    // The entry comes from the device: it is checked before it is used as an address.
    private void Settle(ulong address, ref CompletionRun run)
    {
        int index = Memory.IndexOf(
            UsesSubmissionQueue ? address - SislIoarcb.SizeInBytes : address);
        // SAFETY: IndexOf gives an index of a block or -1.
        if (index < 0 || Memory.State(index)->Status != CommandStatus.InFlight)
        {
            Interlocked.Increment(ref Counters.StaleResponses);
            return;
        }

        CommandState* state = Memory.State(index);
        if (Memory.Ioasa(index)->Ioasc != 0)
        {
            Return(index, CommandStatus.Failed);
            return;
        }

        state->Status = CommandStatus.Free;
        Counters.Commands++;
        run.Add(_free, state->Batch, index);
    }

    // Hands a command that is no longer in flight to the thread that waits for it. One thread
    // pushes at a time, so a failed exchange means that the owner took the stack: once at most.
    private void Return(int index, CommandStatus status)
    {
        // SAFETY: the command has not ended, so its batch's thread waits and the batch is there.
        CommandState* state = Memory.State(index);
        ref int head = ref state->Batch->Returned;
        state->Status = status;
        int seen = Volatile.Read(ref head);
        int expected;
        do
        {
            expected = seen;
            state->Next = expected;
            seen = Interlocked.CompareExchange(ref head, index, expected);
        }
        while (seen != expected);
    }
}
