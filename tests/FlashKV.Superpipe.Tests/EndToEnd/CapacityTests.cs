using FlashKV.SimBackend;
using FlashKV.Superpipe.Tests.Doubles;

namespace FlashKV.Superpipe.Tests.EndToEnd;

/// <summary>
/// Capacities that change, and unit attentions: what the client learns by VERIFY (SP §5.4, §2.6).
/// </summary>
public sealed class CapacityTests
{
    private const long Chunk = SimulatedRig.ChunkBlocks;

    // Illegal request, and LBA out of range.
    private const int IllegalRequest = 5;
    private const int OutOfRange = 0x2100;

    public static TheoryData<int, SubmissionMode> Machines => HostNodeTests.Adapters;

    [Theory]
    [MemberData(nameof(Machines))]
    public void A_physical_lun_takes_over_a_capacity_with_the_next_command(
        int ports, SubmissionMode mode) => Threads.RunOne(() =>
        {
            using SimulatedRig rig = new(mode, ports: ports);
            using PhysicalLun lun = rig.Context.OpenPhysicalLun();
            using BlockBuffer buffer = new(8);
            SimulatedRig.RoundTrip(lun, 8, 0, salt: 1);
            foreach (long capacity in new[] { Chunk, 3 * Chunk, 1000, 4 * Chunk })
            {
                long attentions = rig.Statistics.UnitAttentions;
                rig.Adapter.SetCapacity(0, capacity);
                SimulatedRig.AssertHolds(lun, buffer, 0, salt: 1);
                Assert.Equal(attentions + 1, rig.Statistics.UnitAttentions);
                Assert.Equal(capacity, lun.BlockCount);
                SimulatedRig.RoundTrip(lun, 8, capacity - 8, salt: 2);
                Assert.Throws<ArgumentOutOfRangeException>(
                    () => lun.Transfer(Rig.Read(capacity - 7, buffer, 0, 8)));
            }

            Assert.Equal(0, rig.Statistics.Failures);
        });

    [Theory]
    [MemberData(nameof(Machines))]
    public void A_virtual_lun_keeps_its_chunks_and_fails_beyond_the_capacity(
        int ports, SubmissionMode mode) => Threads.RunOne(() =>
        {
            using SimulatedRig rig = new(mode, ports: ports);
            VirtualLun lun = rig.Context.OpenVirtualLun(4 * Chunk);
            using BlockBuffer buffer = new(8);
            SimulatedRig.RoundTrip(lun, 8, 0, salt: 1);
            SimulatedRig.RoundTrip(lun, 8, 3 * Chunk, salt: 2);
            rig.Adapter.SetCapacity(0, 2 * Chunk);
            SimulatedRig.AssertHolds(lun, buffer, 0, salt: 1);
            Assert.Equal(1, rig.Statistics.UnitAttentions);
            Assert.Equal(4 * Chunk, lun.BlockCount);

            // The first chunks of a LUN are its first blocks.
            DeviceException beyond = Assert.Throws<DeviceException>(
                () => lun.Transfer(Rig.Read(3 * Chunk, buffer, 0, 1)));
            Assert.Equal(
                (Errno.InputOutput, IllegalRequest, OutOfRange, 3 * Chunk),
                (beyond.Errno, beyond.SenseKey, beyond.AdditionalSense, beyond.Lba));
            rig.Adapter.SetCapacity(0, 4 * Chunk);
            SimulatedRig.AssertHolds(lun, buffer, 3 * Chunk, salt: 2);

            // What can be granted is counted anew when the last virtual LUN has gone.
            rig.Adapter.SetCapacity(0, 2 * Chunk);
            SimulatedRig.AssertHolds(lun, buffer, 0, salt: 1);
            lun.Dispose();
            lun = rig.Context.OpenVirtualLun(long.MaxValue);
            Assert.Equal(2 * Chunk, lun.BlockCount);
            lun.Dispose();
        });

    [Theory]
    [MemberData(nameof(Machines))]
    public void Verify_tells_what_the_driver_knows_and_only_sense_data_makes_it_look(
        int ports, SubmissionMode mode) => Threads.RunOne(() =>
        {
            using SimulatedRig rig = new(mode, ports: ports);
            using SuperpipeContext second = rig.Device.Attach(
                new AttachOptions { Clock = new ManualClock() });
            using PhysicalLun lun = rig.Context.OpenPhysicalLun();
            using PhysicalLun other = second.OpenPhysicalLun();
            rig.Adapter.SetCapacity(0, Chunk);
            rig.Context.Verify(lun);
            Assert.Equal(4 * Chunk, lun.BlockCount);

            // One context is told and has the driver look; the other learns it by asking.
            SimulatedRig.RoundTrip(lun, 1, 0, salt: 1);
            Assert.Equal((Chunk, 4 * Chunk), (lun.BlockCount, other.BlockCount));
            SimulatedRig.RoundTrip(other, 1, 0, salt: 1);
            Assert.Equal(0, second.GetStatistics().UnitAttentions);
            second.Verify(other);
            Assert.Equal(Chunk, other.BlockCount);
        });

    [Theory]
    [MemberData(nameof(Machines))]
    public void The_first_command_after_a_reset_is_settled_with_the_driver(
        int ports, SubmissionMode mode) => Threads.RunOne(() =>
        {
            using SimulatedRig rig = new(mode, ports: ports);
            using VirtualLun lun = rig.Context.OpenVirtualLun(1);
            SimulatedRig.RoundTrip(lun, 20, 0, salt: 1);
            using BlockBuffer buffer = new(20);
            for (int i = 1; i <= 3; i++)
            {
                rig.Adapter.Reset();
                SimulatedRig.AssertHolds(lun, buffer, 0, salt: 1);
                Assert.Equal(i, rig.Statistics.Recoveries);
                Assert.Equal(i, rig.Statistics.UnitAttentions);
            }

            Assert.Equal(0, rig.Statistics.Failures);
        });

    [Theory]
    [InlineData(0x29, 0x00, true)]
    [InlineData(0x2A, 0x09, true)]
    [InlineData(0x3F, 0x0E, true)]
    [InlineData(0x3F, 0x03, false)]
    [InlineData(0x28, 0x00, false)]
    public void Attentions_that_nothing_is_known_of_are_fatal(
        byte asc, byte ascq, bool isSettled) => Threads.RunOne(() =>
        {
            using SimulatedRig rig = new(SubmissionMode.SubmissionQueue);
            using VirtualLun lun = rig.Context.OpenVirtualLun(1);
            using BlockBuffer buffer = new(1);
            rig.Adapter.InjectUnitAttention(0, asc, ascq);
            Exception? failure = Record.Exception(
                () => lun.Transfer(Rig.Read(0, buffer, 0, 1)));
            if (isSettled)
            {
                Assert.Null(failure);
                Assert.Equal(1, rig.Statistics.UnitAttentions);
            }
            else
            {
                DeviceException fatal = Assert.IsType<DeviceException>(failure);
                Assert.Equal(
                    (Errno.InputOutput, 6, (asc << 8) | ascq),
                    (fatal.Errno, fatal.SenseKey, fatal.AdditionalSense));
            }
        });

    [Fact]
    public void Capacities_that_change_under_load_are_seen_by_nobody()
    {
        using SimulatedRig rig = new(SubmissionMode.CommandRooms, ports: 4);
        using VirtualLun lun = rig.Context.OpenVirtualLun(1);
        bool isOver = false;
        Threads.Run(4, number =>
        {
            if (number == 3)
            {
                for (int i = 0; i < 60; i++)
                {
                    rig.Adapter.SetCapacity(0, (2 + (i % 3)) * Chunk);
                    long target = rig.Statistics.Commands + 100;
                    while (rig.Statistics.Commands < target)
                        Thread.Yield();
                }

                Volatile.Write(ref isOver, true);
                return;
            }

            for (ulong i = 0; !Volatile.Read(ref isOver); i++)
                SimulatedRig.RoundTrip(lun, 30, number * 1000, i);
        });

        Assert.InRange(rig.Statistics.UnitAttentions, 1, 60);
        Assert.Equal(0, rig.Statistics.Failures);
    }
}
