using FlashKV.Superpipe.Abi;

namespace FlashKV.SimBackend.Afu;

/// <summary>
/// The working memory of one thread that drives a context: a batch of commands from fetching to
/// answering. Made when a thread first needs it, and kept.
/// </summary>
internal sealed class CommandLane<TMemory>
    where TMemory : struct, IHostMemory
{
    /// <summary>The most commands of a batch: 2 MiB in blocks of 4 KiB.</summary>
    internal const int BatchSize = 512;

    private readonly ulong[] _addresses = new ulong[BatchSize];
    private readonly FetchedCommand[] _fetched = new FetchedCommand[BatchSize];
    private readonly AfuCommand[] _commands = new AfuCommand[BatchSize];
    private readonly TransferBatch _transfers = new(BatchSize);

    /// <summary>What this lane has done so far.</summary>
    internal CommandCounters Counters { get; } = new();

    /// <summary>The commands of the batch.</summary>
    internal Span<FetchedCommand> Fetched => _fetched;

    /// <summary>Where addresses go that a room queue gives out.</summary>
    internal Span<ulong> Addresses => _addresses;

    /// <summary>Decodes and executes the first commands of <see cref="Fetched"/>.</summary>
    /// <param name="count">How many.</param>
    /// <param name="control">What the driver has set up for the context.</param>
    /// <param name="decoder">The context's decoder.</param>
    /// <returns>The commands, executed; valid until the next call.</returns>
    internal Span<AfuCommand> Execute(
        int count, ControlMap control, in CommandDecoder<TMemory> decoder)
    {
        Span<AfuCommand> commands = _commands.AsSpan(0, count);
        for (int i = 0; i < count; i++)
        {
            decoder.Decode(control, ref _fetched[i], ref commands[i]);
        }

        _transfers.Execute(commands);
        Count(commands);
        return commands;
    }

    private void Count(Span<AfuCommand> commands)
    {
        Counters.Commands += commands.Length;
        Counters.Transfers += _transfers.TransferCount;
        foreach (ref AfuCommand command in commands)
        {
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
