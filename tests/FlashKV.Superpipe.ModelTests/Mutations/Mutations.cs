namespace FlashKV.Superpipe.Mutations;

/// <summary>Mistakes of the kind that the models are there for.</summary>
internal static class Mutations
{
    private const string Blocks = nameof(FreeBlocksModelTests) + "."
        + nameof(FreeBlocksModelTests.No_block_has_two_owners_and_none_is_lost);

    private const string Rooms = nameof(RoomCreditModelTests) + "."
        + nameof(RoomCreditModelTests.No_room_is_used_twice_and_none_is_lost);

    private const string Gate = nameof(ContextGateModelTests) + "."
        + nameof(ContextGateModelTests.Nobody_is_inside_while_one_is_alone);

    private const string Transfers = nameof(TransferModelTests) + "."
        + nameof(TransferModelTests.Two_threads_end_every_command_once);

    private const string Failures = nameof(TransferModelTests) + "."
        + nameof(TransferModelTests.A_failed_command_is_sent_again_once_for_each_failure);

    private const string Losses = nameof(TransferModelTests) + "."
        + nameof(TransferModelTests.A_loss_at_any_point_is_recovered_from_once);

    private const string Asleep = nameof(TransferModelTests) + "." + nameof(
        TransferModelTests.A_batch_that_comes_as_the_work_item_falls_asleep_is_carried_on);

    internal static IReadOnlyList<Mutation> All { get; } =
    [
        new(
            "the harvester's role is taken without an exchange",
            "Commands/CommandQueue.Harvest.cs",
            "|| Interlocked.CompareExchange(ref _harvesting, 1, 0) != 0)",
            "|| ($ ? (_harvesting = 1) != 1 "
                + ": Interlocked.CompareExchange(ref _harvesting, 1, 0) != 0))",
            Transfers,
            [false, 16, 1, 2]),
        new(
            "the harvester's role is not handed on",
            "Commands/CommandQueue.Harvest.cs",
            "Volatile.Write(ref _harvesting, 0);",
            "if (!$) Volatile.Write(ref _harvesting, 0);",
            Transfers,
            [false, 16, 1, 1]),
        new(
            "a block is claimed without an exchange",
            "Commands/FreeBlocks.cs",
            "ulong seen = Interlocked.CompareExchange(ref word, free & ~taken, free);",
            "ulong seen = free; if ($) word = free & ~taken; "
                + "else seen = Interlocked.CompareExchange(ref word, free & ~taken, free);",
            Blocks,
            [2, 1, 2]),
        new(
            "a block is freed without an exchange",
            "Commands/FreeBlocks.cs",
            "ulong before = Interlocked.Or(ref _shards[shard].Free, mask);",
            "ulong before = 0; if ($) _shards[shard].Free |= mask; "
                + "else before = Interlocked.Or(ref _shards[shard].Free, mask);",
            Blocks,
            [2, 2, 2]),
        new(
            "a block is freed before its command has ended",
            "Commands/CommandQueue.Harvest.cs",
            "Return(index, CommandStatus.Failed);",
            "Return(index, CommandStatus.Failed); if ($) _free.Free(index);",
            Failures,
            []),
        new(
            "a room is taken without an exchange",
            "Commands/RoomCredit.cs",
            "long seen = Interlocked.CompareExchange(ref _words.Rooms, next, word);",
            "long seen = word; if ($) _words.Rooms = next; "
                + "else seen = Interlocked.CompareExchange(ref _words.Rooms, next, word);",
            Rooms,
            [2, 1, 2]),
        new(
            "rooms are said to be used twice",
            "Commands/RoomCredit.cs",
            "-((long)count << UnusedShift)",
            "-((long)($ ? 2 * count : count) << UnusedShift)",
            Rooms,
            [2, 2, 3]),
        new(
            "rooms that are taken and not used are forgotten",
            "Commands/RoomCredit.cs",
            "(ulong)_limit) - unused;",
            "(ulong)_limit) - ($ ? 0 : unused);",
            Rooms,
            [2, 1, 2]),
        new(
            "two threads read cmd_room at once",
            "Commands/RoomCredit.cs",
            "if (Interlocked.CompareExchange(ref _words.Refilling, 1, 0) != 0)",
            "if (!$ && Interlocked.CompareExchange(ref _words.Refilling, 1, 0) != 0)",
            Rooms,
            [2, 1, 2]),
        new(
            "a thread enters the gate and does not look at it again",
            "Recovery/ContextGate.cs",
            "        Interlocked.Increment(ref _stripes[stripe].Users);\n        if (IsOpen)",
            "        bool was = IsOpen;\n"
                + "        Interlocked.Increment(ref _stripes[stripe].Users);\n"
                + "        if ($ ? was : IsOpen)",
            Gate,
            [1, 1, 2]),
        new(
            "users of a stripe are counted without an exchange",
            "Recovery/ContextGate.cs",
            "internal void Exit(int stripe) => Interlocked.Decrement(ref _stripes[stripe].Users);",
            "internal void Exit(int stripe) { if ($) _stripes[stripe].Users -= 1; "
                + "else Interlocked.Decrement(ref _stripes[stripe].Users); }",
            Gate,
            [2, 1, 2]),
        new(
            "who is alone does not wait for all stripes",
            "Recovery/ContextGate.cs",
            "while (Volatile.Read(ref stripe.Users) != 0)",
            "while (!$ && Volatile.Read(ref stripe.Users) != 0)",
            Gate,
            [1, 1, 2]),
        new(
            "a failed command is handed back without an exchange",
            "Commands/CommandQueue.Harvest.cs",
            "            seen = Interlocked.CompareExchange(ref head, index, expected);",
            "            if ($) { head = index; seen = expected; } "
                + "else seen = Interlocked.CompareExchange(ref head, index, expected);",
            Failures,
            []),
        new(
            "a command in flight is not taken back by a recovery",
            "Commands/CommandQueue.Restore.cs",
            "CommandStatus.InFlight)\n                continue;",
            "CommandStatus.InFlight || ($ && index == 0))\n                continue;",
            Losses,
            [false, 1]),
        new(
            "two producers are in the submission ring at once",
            "Commands/SubmissionQueue.cs",
            "while (Interlocked.CompareExchange(ref _producer, 1, 0) != 0)",
            "while (!$ && Interlocked.CompareExchange(ref _producer, 1, 0) != 0)",
            Transfers,
            [true, 16, 1, 2]),
        new(
            "who goes to sleep does not look into the inbox again",
            "Commands/AsyncTransfers.cs",
            "return Volatile.Read(ref _inbox) is null ||",
            "return $ || Volatile.Read(ref _inbox) is null ||",
            Asleep,
            []),
    ];
}
