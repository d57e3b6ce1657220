using FlashKV.SimBackend;
using FlashKV.Superpipe.Tests.Doubles;

namespace FlashKV.Superpipe.Tests.EndToEnd;

/// <summary>The shipped client over the shipped simulation, nothing between them.</summary>
public class SimulatedAdapterTests
{
    [Theory]
    [InlineData(SubmissionMode.CommandRooms)]
    [InlineData(SubmissionMode.SubmissionQueue)]
    public void A_virtual_lun_from_attach_to_detach(SubmissionMode mode) => Threads.RunOne(() =>
    {
        using SimulatedRig rig = new(mode);
        Assert.Equal(mode == SubmissionMode.SubmissionQueue, rig.Context.UsesSubmissionQueue);
        Assert.Equal((4 * SimulatedRig.ChunkBlocks) - 1, rig.Context.LastLba);

        VirtualLun lun = rig.Context.OpenVirtualLun(1);
        Assert.Equal(SimulatedRig.ChunkBlocks, lun.BlockCount);
        SimulatedRig.RoundTrip(lun, 1500, 100, salt: 1);

        Assert.Equal(2 * SimulatedRig.ChunkBlocks, lun.Resize(SimulatedRig.ChunkBlocks + 1));
        SimulatedRig.RoundTrip(lun, 1000, SimulatedRig.ChunkBlocks - 500, salt: 2);
        Assert.Equal(SimulatedRig.ChunkBlocks, lun.Resize(1));
        Assert.Throws<ArgumentOutOfRangeException>(
            () => SimulatedRig.RoundTrip(lun, 2, SimulatedRig.ChunkBlocks - 1, salt: 3));
        using BlockBuffer buffer = new(1500);
        SimulatedRig.AssertHolds(lun, buffer, 100, salt: 1);
        lun.Dispose();

        Assert.Equal(rig.Context.CommandBlocks, rig.Context.FreeRooms);
        Assert.Equal(0, rig.Statistics.Retries);
        Assert.Equal(0, rig.Statistics.StaleResponses);
    });

    [Theory]
    [InlineData(SubmissionMode.CommandRooms)]
    [InlineData(SubmissionMode.SubmissionQueue)]
    public void Neighbouring_commands_become_few_transfers(SubmissionMode mode) =>
        Threads.RunOne(() =>
        {
            using SimulatedRig rig = new(mode);
            using VirtualLun lun = rig.Context.OpenVirtualLun(1);
            SimulatedRig.RoundTrip(lun, 256, 0, salt: 1);

            SimulatedAdapterStatistics done = rig.Adapter.GetStatistics();
            Assert.Equal(512, done.Commands);
            Assert.InRange(done.MediumTransfers, 2, 16);
        });

    [Theory]
    [InlineData(SubmissionMode.CommandRooms, 1)]
    [InlineData(SubmissionMode.CommandRooms, 7)]
    [InlineData(SubmissionMode.CommandRooms, 512)]
    [InlineData(SubmissionMode.SubmissionQueue, 512)]
    public void Threads_share_a_context(SubmissionMode mode, int rooms)
    {
        using SimulatedRig rig = new(mode, rooms, commandBlocks: 32);
        using VirtualLun lun = rig.Context.OpenVirtualLun(1);
        Threads.Run(4, number =>
        {
            Random random = new(number);
            for (int i = 0; i < 200; i++)
                SimulatedRig.RoundTrip(lun, random.Next(1, 60), number * 1000, (ulong)i);
        });
        Assert.Equal(32, rig.Context.FreeRooms);
        Assert.Equal(0, rig.Statistics.AdapterErrors);
        Assert.Equal(0, rig.Statistics.StaleResponses);
    }

    [Theory]
    [InlineData(SubmissionMode.CommandRooms, 31)]
    [InlineData(SubmissionMode.SubmissionQueue, 32)]
    public void Resets_in_mid_load_are_seen_by_nobody(SubmissionMode mode, int seed)
    {
        const int Resets = 100;
        using SimulatedRig rig = new(mode, rooms: 64, commandBlocks: 64);
        using VirtualLun lun = rig.Context.OpenVirtualLun(1);
        bool isOver = false;
        Threads.Run(4, number =>
        {
            if (number == 3)
            {
                Random random = new(seed);
                for (int i = 0; i < Resets; i++)
                {
                    rig.Adapter.Reset();
                    long target = rig.Statistics.Commands + random.Next(500);
                    while (rig.Statistics.Commands < target)
                        Thread.Yield();
                }

                Volatile.Write(ref isOver, true);
                return;
            }

            for (ulong i = 0; !Volatile.Read(ref isOver); i++)
                SimulatedRig.RoundTrip(lun, 50, (number * 1000) + (long)(i % 10), i);
        });

        Assert.InRange(rig.Statistics.Recoveries, 10, Resets);
        Assert.Equal(0, rig.Statistics.Failures);
        Assert.Equal(64, rig.Context.FreeRooms);
    }

    [Fact]
    public void An_adapter_that_fails_for_good_says_so_to_everybody()
    {
        using SimulatedRig rig = new(SubmissionMode.CommandRooms);
        using VirtualLun lun = rig.Context.OpenVirtualLun(1);
        Threads.Run(3, number =>
        {
            if (number == 2)
            {
                while (rig.Statistics.Commands < 500)
                    Thread.Yield();
                rig.Adapter.Fail();
                return;
            }

            DeviceException failure = Assert.Throws<DeviceException>(() =>
            {
                for (ulong i = 0; i < 1_000_000; i++)
                    SimulatedRig.RoundTrip(lun, 50, number * 1000, i);
            });
            Assert.Equal(Errno.NoDevice, failure.Errno);
        });

        Assert.Equal(Errno.NoDevice, Assert.Throws<DeviceException>(
            () => SimulatedRig.RoundTrip(lun, 1, 0, 0)).Errno);
        Assert.Equal(Errno.NoDevice, Assert.Throws<DeviceException>(
            () => rig.Context.OpenVirtualLun(1)).Errno);
    }

    [Theory]
    [InlineData(SubmissionMode.CommandRooms)]
    [InlineData(SubmissionMode.SubmissionQueue)]
    public void A_physical_lun(SubmissionMode mode) => Threads.RunOne(() =>
    {
        using SimulatedRig rig = new(mode);
        using PhysicalLun lun = rig.Context.OpenPhysicalLun();
        Assert.Equal(4 * SimulatedRig.ChunkBlocks, lun.BlockCount);
        Assert.Equal(4096, lun.MaxTransferBlocks);
        SimulatedRig.RoundTrip(lun, 9000, (2 * SimulatedRig.ChunkBlocks) - 4000, salt: 1);

        DeviceException mixed = Assert.Throws<DeviceException>(
            () => rig.Context.OpenVirtualLun(1));
        Assert.Equal(Errno.InvalidArgument, mixed.Errno);
    });

    [Theory]
    [InlineData(SubmissionMode.CommandRooms)]
    [InlineData(SubmissionMode.SubmissionQueue)]
    public void Unmapped_blocks_go_back_to_the_medium(SubmissionMode mode) => Threads.RunOne(() =>
    {
        using SimulatedRig rig = new(mode);
        using VirtualLun lun = rig.Context.OpenVirtualLun(1);
        SimulatedRig.RoundTrip(lun, 100, 0, salt: 1);

        lun.Transfer(new BlockTransfer(BlockOperation.Unmap, 10, 50, 0));

        Assert.Equal(50 * Lun.BlockSize, rig.Adapter.GetStatistics().BytesDiscarded);
        using BlockBuffer buffer = new(50);
        buffer.Bytes.Fill(1);
        lun.Transfer(Rig.Read(10, buffer, 0, 50));
        Assert.False(buffer.Bytes.ContainsAnyExcept((byte)0));
    });

    [Theory]
    [InlineData(CommandFault.Busy)]
    [InlineData(CommandFault.QueueFull)]
    [InlineData(CommandFault.OutOfDataBuffers)]
    [InlineData(CommandFault.ExchangeTimeout)]
    [InlineData(CommandFault.LinkDown)]
    [InlineData(CommandFault.LostResponse)]
    [InlineData(CommandFault.LostCommand)]
    public void A_passing_fault_costs_time_only(CommandFault fault)
    {
        foreach (SubmissionMode mode in Enum.GetValues<SubmissionMode>())
        {
            Threads.RunOne(() =>
            {
                ManualClock clock = new(TimeSpan.FromSeconds(1));
                using SimulatedRig rig = new(mode, clock: clock);
                using VirtualLun lun = rig.Context.OpenVirtualLun(1);
                for (int i = 0; i < 3; i++)
                    rig.Adapter.InjectFault(fault, commandsBefore: 17 * i);

                SimulatedRig.RoundTrip(lun, 300, 0, salt: 1);

                Assert.True(rig.Statistics.Retries >= 3, $"{fault} in {mode}");
                Assert.Equal(0, rig.Statistics.Failures);
                Assert.Equal(256, rig.Context.FreeRooms);
            });
        }
    }

    [Fact]
    public void A_medium_without_space_is_told_by_sense_data() => Threads.RunOne(() =>
    {
        using SimulatedRig rig = new(SubmissionMode.CommandRooms);
        using VirtualLun lun = rig.Context.OpenVirtualLun(1);
        using BlockBuffer buffer = new(8);
        rig.Adapter.InjectFault(CommandFault.OutOfSpace, commandsBefore: 3);

        DeviceException failure = Assert.Throws<DeviceException>(
            () => lun.Transfer(Rig.Write(0, buffer, 0, 8)));

        Assert.True(failure.IsOutOfSpace);
        Assert.Equal(3, failure.Lba);
    });

    [Fact]
    public void A_unit_attention_is_settled_with_the_driver() => Threads.RunOne(() =>
    {
        using SimulatedRig rig = new(SubmissionMode.CommandRooms);
        using VirtualLun lun = rig.Context.OpenVirtualLun(1);
        rig.Adapter.InjectUnitAttention(0, asc: 0x2A, ascq: 0x09);
        SimulatedRig.RoundTrip(lun, 20, 0, salt: 1);
        Assert.Equal(1, rig.Statistics.UnitAttentions);
    });

    [Fact]
    public void Links_that_are_down_are_waited_for() => Threads.RunOne(() =>
    {
        ManualClock clock = new();
        using SimulatedRig rig = new(SubmissionMode.CommandRooms, clock: clock);
        using VirtualLun lun = rig.Context.OpenVirtualLun(1);
        using BlockBuffer buffer = new(4);
        rig.Adapter.SetLink(0, isUp: false);
        SimulatedRig.RoundTrip(lun, 4, 0, salt: 1);
        rig.Adapter.SetLink(1, isUp: false);

        DeviceException failure = Assert.Throws<DeviceException>(
            () => lun.Transfer(Rig.Read(0, buffer, 0, 4)));
        Assert.Equal(Errno.NetworkDown, failure.Errno);
        Assert.Equal(3, clock.Delays);

        rig.Adapter.SetLink(1, isUp: true);
        SimulatedRig.AssertHolds(lun, buffer, 0, salt: 1);
    });

    [Theory]
    [InlineData(SubmissionMode.CommandRooms)]
    [InlineData(SubmissionMode.SubmissionQueue)]
    public void A_transfer_allocates_nothing(SubmissionMode mode) => Threads.RunOne(() =>
    {
        using SimulatedRig rig = new(mode);
        using VirtualLun lun = rig.Context.OpenVirtualLun(1);
        using BlockBuffer buffer = new(64);
        Span<BlockTransfer> batch =
        [
            Rig.Write(0, buffer, 0, 32), Rig.Read(100, buffer, 32, 8),
            new BlockTransfer(BlockOperation.Unmap, 200, 3, 0),
        ];
        long measured = long.MaxValue;
        for (int round = 0; round < 100; round++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            lun.Transfer(batch);
            lun.Transfer(in batch[1]);
            Assert.True(lun.TryTransfer(batch));
            measured = GC.GetAllocatedBytesForCurrentThread() - before;
        }

        Assert.Equal(0, measured);
    });
}
