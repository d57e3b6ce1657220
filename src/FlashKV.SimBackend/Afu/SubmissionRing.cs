using FlashKV.Superpipe.Abi;

namespace FlashKV.SimBackend.Afu;

/// <summary>
/// The doorbell of a context in SQ mode: a ring of IOARCBs in client memory, from the AFU's head to
/// the client's tail (SP §4.9). Head equal to tail is empty.
/// </summary>
internal sealed class SubmissionRing
{
    private ulong _start;
    private ulong _end;
    private ulong _head;
    private ulong _tail;
    private SislIoarcb[] _copies = [];

    internal ulong Start => Volatile.Read(ref _start);

    internal ulong End => Volatile.Read(ref _end);

    internal ulong Head => Volatile.Read(ref _head);

    internal ulong Tail => Volatile.Read(ref _tail);

    /// <summary>Whether everything up to the tail was fetched.</summary>
    internal bool IsEmpty => Head == Tail;

    /// <summary>Whether the client can put in no further command.</summary>
    internal bool IsFull => Next(Tail) == Head && Start != 0;

    /// <summary>Programs the first slot and empties the ring.</summary>
    internal void SetStart(ulong address)
    {
        Volatile.Write(ref _start, address);
        Volatile.Write(ref _head, address);
        Volatile.Write(ref _tail, address);
    }

    /// <summary>Programs the last slot.</summary>
    internal void SetEnd(ulong address) => Volatile.Write(ref _end, address);

    /// <summary>Takes the address of the slot behind the newest command.</summary>
    /// <returns><see langword="false"/> when it is no slot of the ring.</returns>
    internal bool TrySetTail(ulong address)
    {
        ulong start = Start;
        if (start == 0 || address < start || address > End
            || (address - start) % SislIoarcb.SizeInBytes != 0)
        {
            return false;
        }

        Volatile.Write(ref _tail, address);
        return true;
    }

    /// <summary>Fetches commands. One thread at a time.</summary>
    /// <param name="memory">The client's memory.</param>
    /// <param name="commands">Where they go.</param>
    /// <param name="isBroken">Whether a slot could not be read.</param>
    /// <returns>How many were fetched.</returns>
    internal int Fetch<TMemory>(
        TMemory memory, Span<FetchedCommand> commands, out bool isBroken)
        where TMemory : struct, IHostMemory
    {
        ulong head = _head;
        ulong tail = Tail;
        int count = 0;
        isBroken = false;
        if (TMemory.IsCopied)
        {
            count = FetchRuns(memory, commands, ref head, tail);
        }

        while (head != tail && count < commands.Length && !isBroken)
        {
            ref FetchedCommand command = ref commands[count];
            isBroken = !memory.TryRead(head, AbiBytes.Of(ref command.Ioarcb));
            command.IoasaAddress = command.Ioarcb.Ioasa;
            command.ResponseAddress = command.Ioarcb.Ioasa;
            command.WasDelayed = false;
            count += isBroken ? 0 : 1;
            head = Next(head);
        }

        Volatile.Write(ref _head, head);
        return count;
    }

    // Slots that follow one another are read at once. A run that cannot be read as a whole is left
    // to be read slot by slot, since only some may be bad.
    private int FetchRuns<TMemory>(
        TMemory memory, Span<FetchedCommand> commands, ref ulong head, ulong tail)
        where TMemory : struct, IHostMemory
    {
        if (_copies.Length < commands.Length)
        {
            _copies = new SislIoarcb[commands.Length];
        }

        int count = 0;
        while (head != tail && count < commands.Length)
        {
            int slots = Math.Min(SlotsInARow(head, tail), commands.Length - count);
            Span<SislIoarcb> run = _copies.AsSpan(0, slots);
            if (!memory.TryRead(head, AbiBytes.Of(run)))
            {
                break;
            }

            foreach (ref readonly SislIoarcb ioarcb in run)
            {
                commands[count++].Take(in ioarcb);
                head = Next(head);
            }
        }

        return count;
    }

    private int SlotsInARow(ulong head, ulong tail)
    {
        ulong last = tail > head ? tail - SislIoarcb.SizeInBytes : End;
        return last <= head ? 1 : (int)Math.Min(
            int.MaxValue, ((last - head) / SislIoarcb.SizeInBytes) + 1);
    }

    /// <summary>Forgets everything between head and tail. One thread at a time.</summary>
    internal void Clear() => Volatile.Write(ref _head, Tail);

    private ulong Next(ulong slot) => slot >= End ? Start : slot + SislIoarcb.SizeInBytes;
}
