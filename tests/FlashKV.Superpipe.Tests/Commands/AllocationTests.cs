using FlashKV.SimBackend;
using FlashKV.Superpipe.Tests.Doubles;
using FlashKV.Superpipe.Tests.EndToEnd;

namespace FlashKV.Superpipe.Tests.Commands;

/// <summary>Counts what the whole process allocates, so nothing else may run beside it.</summary>
[CollectionDefinition(nameof(AllocationTests), DisableParallelization = true)]
[Collection(nameof(AllocationTests))]
public class AllocationTests
{
    private const int Rounds = 60;
    private const int Operations = 200;

    [Theory]
    [InlineData(SubmissionMode.CommandRooms, 32)]
    [InlineData(SubmissionMode.SubmissionQueue, 32)]
    [InlineData(SubmissionMode.CommandRooms, 0)]
    [InlineData(SubmissionMode.SubmissionQueue, 0)]
    public async Task An_awaited_transfer_allocates_nothing(SubmissionMode mode, int inlineRounds)
    {
        using SimulatedRig rig = new(mode, inlineRounds: inlineRounds);
        using VirtualLun lun = rig.Context.OpenVirtualLun(1);
        using BlockBuffer buffer = new(8);
        BlockTransfer[] batch = [Rig.Write(0, buffer, 0, 4), Rig.Read(100, buffer, 4, 4)];
        BlockTransfer single = Rig.Read(0, buffer);

        // The least of many rounds: others in the process allocate now and then.
        long least = long.MaxValue;
        for (int round = 0; round < Rounds && least != 0; round++)
        {
            long before = GC.GetTotalAllocatedBytes(precise: true);
            for (int i = 0; i < Operations; i++)
            {
                await lun.TransferAsync(batch);
                await lun.TransferAsync(single);
            }

            least = Math.Min(least, GC.GetTotalAllocatedBytes(precise: true) - before);
        }

        Assert.Equal(0, least);
    }

    [Fact]
    public void Batches_that_are_run_together_allocate_nothing()
    {
        using SimulatedRig rig = new(SubmissionMode.CommandRooms);
        using VirtualLun first = rig.Context.OpenVirtualLun(1);
        using VirtualLun second = rig.Context.OpenVirtualLun(1);
        using BlockBuffer buffer = new(2);
        LunBatch[] batches =
        [
            new(first, new[] { Rig.Read(0, buffer, 0) }),
            new(second, new[] { Rig.Read(9, buffer, 1) }),
        ];
        long least = long.MaxValue;
        for (int round = 0; round < Rounds && least != 0; round++)
        {
            long before = GC.GetTotalAllocatedBytes(precise: true);
            for (int i = 0; i < Operations; i++)
                Lun.Transfer(batches);

            least = Math.Min(least, GC.GetTotalAllocatedBytes(precise: true) - before);
        }

        Assert.Equal(0, least);
    }
}
