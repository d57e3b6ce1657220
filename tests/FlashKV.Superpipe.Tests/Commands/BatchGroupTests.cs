using FlashKV.SimBackend;
using FlashKV.Superpipe.Tests.Doubles;
using FlashKV.Superpipe.Tests.EndToEnd;

namespace FlashKV.Superpipe.Tests.Commands;

public class BatchGroupTests
{
    private const int Blocks = 40;

    [Theory]
    [InlineData(SubmissionMode.CommandRooms, 256)]
    [InlineData(SubmissionMode.SubmissionQueue, 256)]
    [InlineData(SubmissionMode.CommandRooms, 8)]
    public void Batches_of_several_LUNs_and_contexts_are_run_together(
        SubmissionMode mode, int commandBlocks)
    {
        using SimulatedRig rig = new(mode, commandBlocks: commandBlocks);
        using SuperpipeContext other = rig.Device.Attach(
            new AttachOptions { CommandBlocks = commandBlocks });
        using VirtualLun first = rig.Context.OpenVirtualLun(1);
        using VirtualLun second = rig.Context.OpenVirtualLun(1);
        using VirtualLun third = other.OpenVirtualLun(1);
        VirtualLun[] luns = [first, second, third];
        using BlockBuffer buffer = new(3 * Blocks);
        for (int i = 0; i < buffer.Blocks; i++)
            buffer.Stamp(i, StampOf(i));

        Lun.Transfer(Batches(luns, (lba, block) => Rig.Write(lba, buffer, block)));
        buffer.Bytes.Fill(0xEE);
        Lun.Transfer(Batches(luns, (lba, block) => Rig.Read(lba, buffer, block)));

        for (int i = 0; i < buffer.Blocks; i++)
            Assert.True(buffer.IsStamped(i, StampOf(i)), $"block {i}");
        Assert.Equal(2 * 2 * Blocks, rig.Statistics.Commands);
        Assert.Equal(2 * Blocks, other.GetStatistics().Commands);
    }

    [Fact]
    public void A_failure_of_one_batch_is_thrown_after_the_other_has_done_its_work()
    {
        using SimulatedRig rig = new(SubmissionMode.CommandRooms);
        using VirtualLun first = rig.Context.OpenVirtualLun(1);
        using VirtualLun second = rig.Context.OpenVirtualLun(1);
        using BlockBuffer buffer = new(2);
        buffer.Stamp(0, 1);
        buffer.Stamp(1, 2);
        first.Transfer(Rig.Write(0, buffer, 0));
        second.Transfer(Rig.Write(5, buffer, 1));
        buffer.Bytes.Fill(0xEE);
        rig.Adapter.InjectFault(CommandFault.MediumError);

        Assert.Throws<DeviceException>(() => Lun.Transfer(
            [
                new LunBatch(first, new[] { Rig.Read(0, buffer, 0) }),
                new LunBatch(second, new[] { Rig.Read(5, buffer, 1) }),
            ]));

        Assert.True(buffer.IsStamped(0, 1) ^ buffer.IsStamped(1, 2));
        Assert.Equal(rig.Context.CommandBlocks, rig.Context.FreeRooms);
        SimulatedRig.RoundTrip(first, 8, 0, salt: 3);
    }

    [Fact]
    public void A_batch_that_is_refused_leaves_the_others_unsent()
    {
        using SimulatedRig rig = new(SubmissionMode.CommandRooms);
        using VirtualLun first = rig.Context.OpenVirtualLun(1);
        using VirtualLun second = rig.Context.OpenVirtualLun(1);
        using BlockBuffer buffer = new(1);
        long before = rig.Statistics.Commands;

        Assert.Throws<ArgumentOutOfRangeException>(() => Lun.Transfer(
            [
                new LunBatch(first, new[] { Rig.Read(0, buffer) }),
                new LunBatch(second, new[] { Rig.Read(second.BlockCount, buffer) }),
            ]));

        Assert.Equal(before, rig.Statistics.Commands);
        SimulatedRig.RoundTrip(first, 8, 0, salt: 4);
    }

    private static LunBatch[] Batches(VirtualLun[] luns, Func<long, int, BlockTransfer> make) =>
    [
        .. luns.Select((lun, number) => new LunBatch(
            lun,
            Enumerable.Range(0, Blocks)
                .Select(i => make(i * 7L, (number * Blocks) + i)).ToArray())),
    ];

    private static ulong StampOf(int block) => ((ulong)block << 30) ^ 0xA5;
}
