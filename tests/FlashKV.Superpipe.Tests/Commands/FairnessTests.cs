using FlashKV.Superpipe.Commands;
using FlashKV.Superpipe.Control;
using FlashKV.Superpipe.Tests.Doubles;

namespace FlashKV.Superpipe.Tests.Commands;

/// <summary>
/// Two batches stepped by one thread, in the order that is worst for the small one: its turn comes
/// when the large one has taken everything.
/// </summary>
public unsafe class FairnessTests
{
    private const int Large = 20_000;

    // The small one runs at least once in as many rounds as it is waited for.
    private const int LargestTurn = BatchRunner<ScriptedRegisters>.MaxStandBacks / 2;

    [Theory]
    [InlineData(false, 16)]
    [InlineData(false, 3)]
    [InlineData(true, 16)]
    public void A_large_batch_leaves_a_block_and_a_room_to_a_small_one(bool usesRing, int rooms)
    {
        ScriptedAdapter adapter = new() { UsesRing = usesRing, Rooms = rooms, AnswersPerWait = 2 };
        using Rig rig = NewRig(adapter);
        CommandBatch largeBatch = CommandBatch.Empty;
        CommandBatch smallBatch = CommandBatch.Empty;
        BatchRunner<ScriptedRegisters> large = Begin(rig, &largeBatch);
        BatchRunner<ScriptedRegisters> small = Begin(rig, &smallBatch);
        BlockTransfer[] many = [new(BlockOperation.Unmap, 0, Large, 0)];
        BlockTransfer[] one = [new(BlockOperation.Unmap, 50_000, 1, 0)];

        int turns = 0;
        while (!small.IsDone)
        {
            int steps = 0;
            do
            {
                large.Step(many);
            }
            while (IsRoomLeft(rig, adapter) && ++steps < LargestTurn);
            small.Step(one);
            Assert.InRange(++turns, 1, 32);
        }

        Assert.False(large.IsDone);
        while (!large.IsDone)
            large.Step(many);
        Assert.Null(small.Failure);
        Assert.Null(large.Failure);
        rig.AssertSound();
    }

    [Fact]
    public void A_hungry_batch_that_does_not_run_holds_up_nobody()
    {
        ScriptedAdapter adapter = new() { AnswersPerWait = 2 };
        using Rig rig = NewRig(adapter);
        CommandBatch largeBatch = CommandBatch.Empty;
        CommandBatch smallBatch = CommandBatch.Empty;
        BatchRunner<ScriptedRegisters> large = Begin(rig, &largeBatch);
        BatchRunner<ScriptedRegisters> small = Begin(rig, &smallBatch);
        BlockTransfer[] many = [new(BlockOperation.Unmap, 0, 2000, 0)];
        BlockTransfer[] one = [new(BlockOperation.Unmap, 50_000, 1, 0)];
        large.Step(many);
        small.Step(one);
        Assert.Equal(0, rig.Context.FreeRooms);

        for (int steps = 0; !large.IsDone; steps++)
        {
            large.Step(many);
            Assert.InRange(steps, 0, 2000 * (BatchRunner<ScriptedRegisters>.MaxStandBacks + 2));
        }

        while (!small.IsDone)
            small.Step(one);
        rig.AssertSound();
    }

    [Fact]
    public void Try_transfer_does_not_overtake_a_hungry_batch()
    {
        ScriptedAdapter adapter = new() { Rooms = 0 };
        using Rig rig = NewRig(adapter);
        CommandBatch batch = CommandBatch.Empty;
        BatchRunner<ScriptedRegisters> hungry = Begin(rig, &batch);
        BlockTransfer[] one = [new(BlockOperation.Unmap, 0, 1, 0)];
        hungry.Step(one);

        Assert.False(rig.Lun.TryTransfer(one));
        hungry.Cancel();
        Assert.True(hungry.IsDone);
        rig.AssertSound();
    }

    private static bool IsRoomLeft(Rig rig, ScriptedAdapter adapter) => rig.Context.FreeRooms != 0
        && (adapter.UsesRing || adapter.OnlyContext.FreeRooms != 0);

    private static BatchRunner<ScriptedRegisters> Begin(Rig rig, CommandBatch* batch) => new(
        (AttachedContext<ScriptedRegisters>)rig.Context,
        ((ContextVirtualLun)rig.Lun).Handle,
        1,
        batch);

    private static Rig NewRig(ScriptedAdapter adapter) => new(
        adapter, new AttachOptions { CommandBlocks = 16, Clock = new ManualClock() });
}
