using System.Diagnostics;

namespace FlashKV.SimBackend.Afu;

/// <summary>
/// Turns the commands of a batch into as few medium transfers as possible: neighbouring blocks of
/// one operation become one vectored transfer, whatever the order and the memory they came in.
/// </summary>
/// <remarks>
/// Commands are sorted by block only if no two of them touch the same block, or all of them read;
/// otherwise they are executed one by one in the order in which they were sent. Reads of media
/// that gain nothing by merging are left in that order too. All arrays are made once.
/// </remarks>
/// <param name="capacity">The most commands of a batch.</param>
/// <param name="mayLeave">
/// Whether transfers may be left under way: then their commands have <see
/// cref="AfuCommand.IsUnderWay"/> set after <see cref="Execute"/>, and end in <see
/// cref="UnderWay"/>.
/// </param>
internal sealed class TransferBatch(int capacity, bool mayLeave)
{
    /// <summary>
    /// The most blocks that a merged transfer covers: 16 MiB, as for one command.
    /// </summary>
    internal const int MaxMergedBlocks = 4096;

    /// <summary>
    /// The most blocks of a merged transfer that is left under way: 512 KiB. So one thread's
    /// neighbouring commands become several transfers at once, which a device does faster than one
    /// after the other.
    /// </summary>
    internal const int MaxQueuedBlocks = 128;

    // A sort key is a LUN's index above a block number.
    private const int BlockBits = 52;

    private readonly ulong[] _keys = new ulong[capacity];
    private readonly int[] _order = new int[capacity];
    private readonly MediumTransfer[] _transfers = new MediumTransfer[capacity];
    private readonly MemoryRun[] _runs = new MemoryRun[capacity];
    private int _count;
    private int _transferCount;
    private int _runCount;
    private int _maxMergedBlocks;

    /// <summary>
    /// The commands whose transfers are under way; <see langword="null"/> as long as there was none.
    /// </summary>
    internal CommandsUnderWay? UnderWay { get; private set; }

    /// <summary>The number of transfers that the last batch took.</summary>
    internal int TransferCount => _transferCount;

    /// <summary>Executes the transfers of a batch and sets each command's result.</summary>
    /// <param name="commands">The batch, at most the capacity.</param>
    internal void Execute(Span<AfuCommand> commands)
    {
        Debug.Assert(commands.Length <= capacity, "the arrays hold a batch");
        _transferCount = 0;
        if (IsOneAlone(commands))
        {
            ExecuteAndCount(ref commands[0]);
            return;
        }

        bool mayReorder = Sort(commands);
        if (mayReorder)
        {
            ExecuteMerged(commands);
        }
        else
        {
            ExecuteInOrder(commands);
        }
    }

    private bool IsOneAlone(Span<AfuCommand> commands) => commands.Length == 1
        && commands[0].HasTransfer && !(mayLeave && commands[0].Target!.Medium.HasQueues);

    // Sorts what has a transfer, if that is of use; says whether the resulting order may be used.
    private bool Sort(Span<AfuCommand> commands)
    {
        _count = 0;
        bool isAscending = true;
        bool isAllReads = true;
        bool gainsByMerging = false;
        ulong last = 0;
        for (int i = 0; i < commands.Length; i++)
        {
            ref AfuCommand command = ref commands[i];
            if (command.HasTransfer)
            {
                ulong key =
                    ((ulong)command.Target!.Index << BlockBits) | (ulong)command.Block;
                isAscending &= key >= last;
                isAllReads &= command.Operation == MediumOperation.Read;
                gainsByMerging |= command.Target.Medium.GainsByMerging;
                last = key;
                _keys[_count] = key;
                _order[_count++] = i;
            }
        }

        if (isAllReads && !gainsByMerging)
        {
            return true;
        }

        if (!isAscending)
        {
            _keys.AsSpan(0, _count).Sort(_order.AsSpan(0, _count));
        }

        return isAllReads || !HasOverlap(commands);
    }

    private bool HasOverlap(Span<AfuCommand> commands)
    {
        for (int i = 1; i < _count; i++)
        {
            ulong end = _keys[i - 1] + (ulong)commands[_order[i - 1]].BlockCount;
            if (_keys[i] < end)
            {
                return true;
            }
        }

        return false;
    }

    private void ExecuteInOrder(Span<AfuCommand> commands)
    {
        _order.AsSpan(0, _count).Sort();
        foreach (int index in _order.AsSpan(0, _count))
        {
            ExecuteAndCount(ref commands[index]);
        }
    }

    private void ExecuteMerged(Span<AfuCommand> commands)
    {
        int first = 0;
        while (first < _count)
        {
            AfuTarget target = commands[_order[first]].Target!;
            int end = first;
            int firstTransfer = _transferCount;
            bool isQueued = mayLeave && target.Medium.HasQueues && TryUseQueue(target.Medium);
            _maxMergedBlocks = isQueued ? MaxQueuedBlocks : MaxMergedBlocks;
            _runCount = 0;
            while (end < _count && commands[_order[end]].Target == target)
            {
                ref AfuCommand command = ref commands[_order[end++]];
                if (!command.RepeatsBlock)
                {
                    Append(ref command, firstTransfer);
                }
            }

            ReadOnlySpan<int> order = _order.AsSpan(first, end - first);
            first = end;
            if (isQueued)
            {
                Start(commands, order);
                continue;
            }

            target.Medium.Execute(
                _transfers.AsSpan(firstTransfer, _transferCount - firstTransfer),
                _runs.AsSpan(0, _runCount));
            Conclude(commands, order);
        }
    }

    private bool TryUseQueue(Medium medium)
    {
        UnderWay ??= new CommandsUnderWay(CommandsUnderWay.Capacity);
        return UnderWay.TryUse(medium);
    }

    // Starts what can be left under way and executes the rest.
    private void Start(Span<AfuCommand> commands, ReadOnlySpan<int> order)
    {
        while (!order.IsEmpty)
        {
            ref AfuCommand command = ref commands[order[0]];
            int count = CountMembers(commands, order);
            ReadOnlySpan<int> members = order[..count];
            order = order[count..];
            Span<MediumTransfer> transfer = _transfers.AsSpan(command.Transfer, 1);
            if (command.RepeatsBlock)
            {
                ExecuteAndCount(ref command);
            }
            else if (!UnderWay!.TryStart(in transfer[0], _runs, commands, members))
            {
                command.Target!.Medium.Execute(transfer, _runs);
                Conclude(commands, members);
            }
        }

        UnderWay!.ReleaseIfIdle();
    }

    // How many commands at the front of a sorted list have one transfer.
    private static int CountMembers(Span<AfuCommand> commands, ReadOnlySpan<int> order)
    {
        ref AfuCommand first = ref commands[order[0]];
        int count = 1;
        while (!first.RepeatsBlock && count < order.Length
            && !commands[order[count]].RepeatsBlock
            && commands[order[count]].Transfer == first.Transfer)
        {
            count++;
        }

        return count;
    }

    private void Append(ref AfuCommand command, int firstTransfer)
    {
        bool isMerged = _transferCount > firstTransfer && TryExtend(in command);
        if (!isMerged)
        {
            _transfers[_transferCount++] = new MediumTransfer
            {
                Operation = command.Operation,
                Block = command.Block,
                BlockCount = command.BlockCount,
                FirstRun = _runCount,
            };
        }

        command.Transfer = _transferCount - 1;
        if (command.Operation != MediumOperation.Discard)
        {
            AppendRun(ref _transfers[command.Transfer], in command);
        }
    }

    private bool TryExtend(in AfuCommand command)
    {
        ref MediumTransfer last = ref _transfers[_transferCount - 1];
        bool isNext = last.Operation == command.Operation
            && last.Block + last.BlockCount == command.Block
            && last.BlockCount + command.BlockCount <= _maxMergedBlocks;
        last.BlockCount += isNext ? command.BlockCount : 0;
        return isNext;
    }

    // Memory that follows the last run directly lengthens it.
    private void AppendRun(ref MediumTransfer transfer, in AfuCommand command)
    {
        if (transfer.RunCount > 0)
        {
            ref MemoryRun last = ref _runs[_runCount - 1];
            if (last.Address + last.ByteCount == command.Data)
            {
                last = last with { BlockCount = last.BlockCount + command.BlockCount };
                return;
            }
        }

        _runs[_runCount++] = new MemoryRun(command.Data, command.BlockCount);
        transfer.RunCount++;
    }

    private void Conclude(Span<AfuCommand> commands, ReadOnlySpan<int> order)
    {
        foreach (int index in order)
        {
            ref AfuCommand command = ref commands[index];
            if (command.RepeatsBlock)
            {
                ExecuteAndCount(ref command);
                continue;
            }

            ref MediumTransfer transfer = ref _transfers[command.Transfer];
            bool isPart = transfer.BlockCount != command.BlockCount;
            if (MustRepeat(in command, transfer.Status, isPart))
            {
                ExecuteAndCount(ref command);
            }
            else
            {
                SetResult(ref command, transfer.Status);
            }
        }
    }

    private void ExecuteAndCount(ref AfuCommand command)
    {
        ExecuteAlone(ref command);
        _transferCount++;
    }

    /// <summary>
    /// Whether a command has to be executed again by itself after the transfer that it was part of.
    /// </summary>
    /// <remarks>
    /// One bad block must not take its neighbours' readers with it. Writes are not tried again: a
    /// flush that failed once may succeed without having written.
    /// </remarks>
    internal static bool MustRepeat(in AfuCommand command, MediumStatus status, bool isPart) =>
        status == MediumStatus.MediumError && isPart && command.Operation == MediumOperation.Read;

    /// <summary>Executes a command by itself and sets its result.</summary>
    internal static void ExecuteAlone(ref AfuCommand command) => SetResult(
        ref command, command.RepeatsBlock ? WriteRepeated(in command) : TransferOne(in command));

    private static MediumStatus TransferOne(in AfuCommand command)
    {
        Medium medium = command.Target!.Medium;
        ReadOnlySpan<MemoryRun> run = [new MemoryRun(command.Data, command.BlockCount)];
        return command.Operation switch
        {
            MediumOperation.Read => medium.Read(command.Block, run),
            MediumOperation.Write => medium.Write(command.Block, run, forceUnitAccess: false),
            MediumOperation.WriteThrough => medium.Write(command.Block, run, true),
            _ => medium.Discard(command.Block, command.BlockCount),
        };
    }

    private static MediumStatus WriteRepeated(in AfuCommand command)
    {
        const int RunsAtOnce = 64;
        Span<MemoryRun> runs = stackalloc MemoryRun[RunsAtOnce];
        runs.Fill(new MemoryRun(command.Data, 1));
        Medium medium = command.Target!.Medium;
        MediumStatus status = MediumStatus.Good;
        for (int done = 0; done < command.BlockCount && status == MediumStatus.Good;)
        {
            int part = Math.Min(RunsAtOnce, command.BlockCount - done);
            status = medium.Write(command.Block + done, runs[..part], forceUnitAccess: false);
            done += part;
        }

        return status;
    }

    /// <summary>Sets what a medium's status means to a command.</summary>
    internal static void SetResult(ref AfuCommand command, MediumStatus status)
    {
        if (status != MediumStatus.Good)
        {
            command.Result =
                CommandResult.Of(status, command.Operation == MediumOperation.Read);
        }
    }
}
