using FlashKV.SimBackend;
using FlashKV.SimBackend.Afu;
using FlashKV.Superpipe.Abi;
using FlashKV.Superpipe.Tests.Doubles;

namespace FlashKV.Superpipe.Tests.EndToEnd;

/// <summary>
/// The shipped client resets its context (SP §4.9, §5.8) on the shipped adapter: by ioarrin and by
/// sq_ctx_reset, with 1, 2 and 4 ports.
/// </summary>
public sealed class ContextResetEndToEndTests
{
    public static TheoryData<int, SubmissionMode> Machines => HostNodeTests.Adapters;

    [Theory]
    [MemberData(nameof(Machines))]
    public void A_lost_command_is_had_back_by_a_reset_and_sent_again(
        int ports, SubmissionMode mode) => Threads.RunOne(() =>
        {
            ManualClock clock = new(TimeSpan.FromSeconds(1));
            using SimulatedRig rig = new(mode, clock: clock, ports: ports);
            using VirtualLun lun = rig.Context.OpenVirtualLun(1);
            ulong id = rig.Context.Id;
            for (int i = 1; i <= 3; i++)
            {
                rig.Adapter.InjectFault(CommandFault.LostCommand, commandsBefore: 7 * i);
                SimulatedRig.RoundTrip(lun, 100, 0, salt: (ulong)i);
                Assert.Equal(i, rig.Statistics.ContextResets);
            }

            // The context stays what it is: no recovery, no new id.
            Assert.Equal((0, 0), (rig.Statistics.Recoveries, rig.Statistics.Failures));
            Assert.Equal(id, rig.Context.Id);
            Assert.Equal(rig.Context.CommandBlocks, rig.Context.FreeRooms);
            Assert.Equal(0, rig.Statistics.StaleResponses);
        });

    [Theory]
    [MemberData(nameof(Machines))]
    public void A_reset_in_mid_load_harms_neither_own_threads_nor_other_contexts(
        int ports, SubmissionMode mode)
    {
        ManualClock clock = new(TimeSpan.FromMilliseconds(50));
        using SimulatedRig rig = new(
            mode, rooms: 64, commandBlocks: 64, clock: clock, ports: ports);

        // The command that is lost may be the other context's, which then needs a clock that moves.
        using SuperpipeContext second = rig.Device.Attach(
            new AttachOptions { Clock = new ManualClock(TimeSpan.FromMilliseconds(50)) });
        using VirtualLun lun = rig.Context.OpenVirtualLun(1);
        using VirtualLun other = second.OpenVirtualLun(1);
        Threads.Run(4, number =>
        {
            for (int i = 0; i < 40; i++)
            {
                if (number == 0 && i % 10 == 0)
                    rig.Adapter.InjectFault(CommandFault.LostCommand);
                SimulatedRig.RoundTrip(
                    number == 3 ? other : lun, 40, number * 1000, (ulong)i);
            }
        });

        long resets = rig.Statistics.ContextResets + second.GetStatistics().ContextResets;
        Assert.True(resets >= 1, "a command was lost, so a context was reset");
        Assert.Equal(0, rig.Statistics.Failures + second.GetStatistics().Failures);
        Assert.Equal(64, rig.Context.FreeRooms);
    }

    [Theory]
    [MemberData(nameof(Machines))]
    public void A_link_reset_costs_nothing_but_time(int ports, SubmissionMode mode) =>
        Threads.RunOne(() =>
        {
            using SimulatedRig rig = new(mode, ports: ports);
            using VirtualLun lun = rig.Context.OpenVirtualLun(1);
            for (int port = 0; port < ports; port++)
            {
                rig.Adapter.SignalPortEvent(port, PortEvent.CrcErrors);
                SimulatedRig.RoundTrip(lun, 100, 0, salt: (ulong)port);
            }

            rig.Adapter.Driver.WaitForWork();
            Assert.Equal(ports, rig.Adapter.Driver.LinkResetCount);
            SimulatedRig.RoundTrip(lun, 100, 0, salt: 9);
            Assert.Equal(0, rig.Statistics.Failures);
            Assert.Equal(0, rig.Statistics.Recoveries);
        });

    [Theory]
    [InlineData(CommandFault.PageFault)]
    [InlineData(CommandFault.HandlePageFault)]
    [InlineData(CommandFault.TranslationPageFault)]
    [InlineData(CommandFault.CommandPageFault)]
    [InlineData(CommandFault.StatusPageFault)]
    [InlineData(CommandFault.ResponsePageFault)]
    public void A_page_that_is_not_in_memory_costs_time_only(CommandFault fault)
    {
        foreach (SubmissionMode mode in Enum.GetValues<SubmissionMode>())
        {
            Threads.RunOne(() =>
            {
                ManualClock clock = new(TimeSpan.FromSeconds(1));
                using SimulatedRig rig = new(mode, clock: clock);
                using VirtualLun lun = rig.Context.OpenVirtualLun(1);
                GlobalRegisters registers = rig.Adapter.Afu.Registers;
                registers.Write(
                    SislGlobalRegisters.AfuConfig, (ulong)SislAfuConfig.LittleEndian);
                for (int i = 0; i < 3; i++)
                    rig.Adapter.InjectFault(fault, commandsBefore: 17 * i);

                SimulatedRig.RoundTrip(lun, 300, 0, salt: 1);

                Assert.True(rig.Statistics.Retries >= 3, $"{fault} in {mode}");
                Assert.Equal(0, rig.Statistics.Failures);
                Assert.Equal(256, rig.Context.FreeRooms);
            });
        }
    }
}
