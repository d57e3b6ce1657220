using FlashKV.Superpipe.Abi;

namespace FlashKV.SimBackend.Afu;

/// <summary>
/// The working memory of one thread that drives a context: a batch of commands from fetching to
/// answering. Made when a thread first needs it, and kept.
/// </summary>
internal sealed class CommandLane<TMemory>(AfuModel afu)
    where TMemory : struct, IHostMemory
{
    /// <summary>The most commands of a batch: 2 MiB in blocks of 4 KiB.</summary>
    internal const int BatchSize = 512;

    private readonly ulong[] _addresses = new ulong[BatchSize];
    private readonly FetchedCommand[] _fetched = new FetchedCommand[BatchSize];
    private readonly AfuCommand[] _commands = new AfuCommand[BatchSize];
    private readonly TransferBatch _transfers = new(BatchSize, mayLeave: !TMemory.IsCopied);
    private DataCopies<TMemory>? _copies;
    private CommandCopies<TMemory>? _commandCopies;

    /// <summary>What this lane has done so far.</summary>
    internal CommandCounters Counters { get; } = new();

    /// <summary>Whether the last batch had commands that are delayed.</summary>
    internal bool HasDelayed { get; private set; }

    /// <summary>The most commands of the next batch: fewer if many are under way.</summary>
    internal int Room => Math.Min(BatchSize, CommandsUnderWay.Capacity - UnderWay);

    /// <summary>The commands of the next batch.</summary>
    internal Span<FetchedCommand> Fetched => _fetched.AsSpan(0, Room);

    /// <summary>Where addresses go that a room queue gives out.</summary>
    internal Span<ulong> Addresses => _addresses.AsSpan(0, Room);

    /// <summary>How blocks and answers get here and there, for memory that is copied.</summary>
    internal CommandCopies<TMemory> Copies =>
        _commandCopies ??= new CommandCopies<TMemory>(BatchSize);

    /// <summary>The commands whose transfers are under way; any thread may look.</summary>
    internal int UnderWay => _transfers.UnderWay?.Count ?? 0;

    /// <summary>Collects commands that were left under way.</summary>
    /// <param name="wait">Whether to wait for some.</param>
    /// <returns>The commands, executed; valid until the next call.</returns>
    internal Span<AfuCommand> Collect(bool wait)
    {
        CommandsUnderWay? underWay = _transfers.UnderWay;
        if (underWay is null)
        {
            return [];
        }

        long repeated = underWay.RepeatedTransfers;
        Span<AfuCommand> commands = underWay.Collect(wait);
        Counters.Transfers += underWay.RepeatedTransfers - repeated;
        Conclude(commands);
        return commands;
    }

    /// <summary>Decodes and executes the first commands of <see cref="Fetched"/>.</summary>
    /// <param name="count">How many.</param>
    /// <param name="control">What the driver has set up for the context.</param>
    /// <param name="decoder">The context's decoder.</param>
    /// <returns>
    /// The commands, executed or under way; valid until the next call.
    /// </returns>
    internal Span<AfuCommand> Execute(
        int count, ControlMap control, in CommandDecoder<TMemory> decoder)
    {
        Span<AfuCommand> commands = _commands.AsSpan(0, count);
        HasDelayed = false;
        if (TMemory.IsCopied)
        {
            ExecuteCopied(commands, control, in decoder);
        }
        else
        {
            decoder.Decode(control, ref _fetched[0], ref commands[0]);
            ExpectFirst(in commands[0]);
            for (int i = 1; i < count; i++)
            {
                decoder.Decode(control, ref _fetched[i], ref commands[i]);
            }

            ExecuteTransfers(commands);
        }

        Conclude(commands);
        return commands;
    }

    // The medium can begin while all else is got ready.
    private static void ExpectFirst(in AfuCommand command)
    {
        if (command.HasTransfer && command.Operation == MediumOperation.Read)
        {
            command.Target!.Medium.Expect(command.Block);
        }
    }

    // As many commands at once as their data have room for; one always has.
    private void ExecuteCopied(
        Span<AfuCommand> commands, ControlMap control, in CommandDecoder<TMemory> decoder)
    {
        _copies ??= new DataCopies<TMemory>(BatchSize);
        BounceArena arena = afu.Arenas.Take();
        int first = 0;
        while (first < commands.Length)
        {
            int end = first;
            long bytes = 0;
            while (end < commands.Length && HasRoom(ref bytes, in _fetched[end].Ioarcb))
            {
                decoder.Decode(control, ref _fetched[end], ref commands[end]);
                end++;
            }

            Span<AfuCommand> group = commands[first..end];
            _copies.CopyIn(arena, group, in decoder);
            ExecuteTransfers(group);
            _copies.CopyOut(group, in decoder);
            arena.Clear();
            first = end;
        }

        afu.Arenas.Return(arena);
    }

    // What the command could need, since its real need shows when it is decoded.
    private static bool HasRoom(ref long bytes, in SislIoarcb ioarcb)
    {
        uint most = Math.Min(ioarcb.DataLen, CxlflashLimits.MaxXferSize);
        bytes += (most + Medium.BlockBytes - 1) / Medium.BlockBytes * Medium.BlockBytes;
        return bytes <= BounceArena.SizeInBytes;
    }

    private void ExecuteTransfers(Span<AfuCommand> commands)
    {
        _transfers.Execute(commands);
        Counters.Transfers += _transfers.TransferCount;
    }

    private void Conclude(Span<AfuCommand> commands)
    {
        if (afu.PortLosses != 0)
        {
            EndLost(commands);
        }

        Count(commands);
    }

    // What went through a port that was lost since: the LUN may have done it, nobody knows.
    private void EndLost(Span<AfuCommand> commands)
    {
        foreach (ref AfuCommand command in commands)
        {
            FcPort port = afu.Port(command.Result.Port);
            if (command.HasTransfer && !command.IsUnderWay
                && command.Result.ScsiRc == SislScsiRc.Good
                && port.LossOrder > command.PortLossesBefore)
            {
                command.Result = new CommandResult { FcRc = port.LossCode };
            }
        }
    }

    private void Count(Span<AfuCommand> commands)
    {
        foreach (ref AfuCommand command in commands)
        {
            if (command.IsUnderWay || command.IsDelayed)
            {
                HasDelayed |= command.IsDelayed;
                continue;
            }

            Counters.Commands++;
            if (!command.Result.IsGood && command.Result.FcRc != SislFcRc.Resid)
            {
                Counters.FailedCommands++;
            }
            else if (command.HasTransfer)
            {
                CountBlocks(in command);
            }
        }
    }

    private void CountBlocks(in AfuCommand command)
    {
        switch (command.Operation)
        {
            case MediumOperation.Read:
                Counters.BlocksRead += command.BlockCount;
                break;
            case MediumOperation.Discard:
                Counters.BlocksDiscarded += command.BlockCount;
                break;
            default:
                Counters.BlocksWritten += command.BlockCount;
                break;
        }
    }
}
