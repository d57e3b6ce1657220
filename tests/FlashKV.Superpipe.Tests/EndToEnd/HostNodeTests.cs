using FlashKV.SimBackend;
using FlashKV.SimBackend.Driver;
using FlashKV.Superpipe.Tests.Doubles;

namespace FlashKV.Superpipe.Tests.EndToEnd;

/// <summary>The host node of a client over the shipped driver (SP §2.8).</summary>
public sealed class HostNodeTests
{
    private const string Node = "/dev/cxlflash/cxlflash0";
    private const int MostLunsOfPort = 16;
    private const long MostBlocksOfPort = 1 << 20;

    private static readonly byte[] s_command = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];

    public static TheoryData<int, SubmissionMode> Adapters => new()
    {
        { 1, SubmissionMode.CommandRooms },
        { 1, SubmissionMode.SubmissionQueue },
        { 2, SubmissionMode.CommandRooms },
        { 2, SubmissionMode.SubmissionQueue },
        { 4, SubmissionMode.CommandRooms },
        { 4, SubmissionMode.SubmissionQueue },
    };

    [Theory]
    [MemberData(nameof(Adapters))]
    public void A_lun_is_made_scanned_for_used_and_deleted(int ports, SubmissionMode mode) =>
        Threads.RunOne(() =>
        {
            using SimulatedRig rig = new(mode, ports: ports);
            using VirtualLun lun = rig.Context.OpenVirtualLun(1);
            using SuperpipeHost host = SuperpipeHost.Open(rig.Adapter.Transport, Node);
            int port = ports - 1;
            ProvisionedLun made = host.CreateLun(port, 2 * SimulatedRig.ChunkBlocks);
            Assert.Equal(
                new PortProvision(
                    MostLunsOfPort, 1, MostBlocksOfPort, 2 * SimulatedRig.ChunkBlocks),
                host.QueryPort(port));
            string path = $"/dev/sg{ports}";
            Assert.Equal(Errno.NoEntry, ErrnoOf(() => rig.Open(path)));

            Rescan(rig, lun);
            using SuperpipeDevice device = rig.Open(path);
            Assert.Equal(Errno.InvalidArgument, ErrnoOf(() => device.Attach()));
            device.ManageLun(made.Wwid.Span, enable: true);
            using (SuperpipeContext context = device.Attach())
            {
                VirtualLun made1 = context.OpenVirtualLun(2 * SimulatedRig.ChunkBlocks);
                SimulatedRig.RoundTrip(made1, 40, SimulatedRig.ChunkBlocks - 20, salt: 1);
                made1.Dispose();
            }

            host.DeleteLun(port, made.LunId);
            Assert.Equal(
                new PortProvision(MostLunsOfPort, 0, MostBlocksOfPort, 0), host.QueryPort(port));
            Rescan(rig, lun);
            Assert.Equal(Errno.NoDevice, ErrnoOf(() => device.Attach()));
            Assert.Equal(Errno.NoEntry, ErrnoOf(() => rig.Open(path)));
        });

    [Fact]
    public void Only_who_may_administer_the_machine_opens_the_node()
    {
        using SimulatedRig rig = new(SubmissionMode.CommandRooms);
        IControlTransport<SimulatedRegisters> unprivileged = rig.Adapter.TransportFor(
            new Caller(100, 1) { IsUnprivileged = true });
        Assert.Equal(
            Errno.AccessDenied, ErrnoOf(() => SuperpipeHost.Open(unprivileged, Node)));
        Assert.Equal(
            Errno.NoEntry,
            ErrnoOf(() => SuperpipeHost.Open(rig.Adapter.Transport, Node + "7")));

        // The nodes of LUNs are no host nodes, nor the other way round.
        using SuperpipeHost wrong = SuperpipeHost.Open(
            rig.Adapter.Transport, rig.Adapter.DevicePaths[0]);
        Assert.Equal(Errno.InvalidArgument, ErrnoOf(() => wrong.QueryPort(0)));
        using SuperpipeDevice node = rig.Open(Node);
        Assert.Equal(Errno.InvalidArgument, ErrnoOf(() => node.Attach()));
        rig.Adapter.Dispose();
        Assert.Equal(
            Errno.NoDevice, ErrnoOf(() => SuperpipeHost.Open(rig.Adapter.Transport, Node)));
    }

    [Fact]
    public void What_an_adapter_cannot_do_is_not_supported()
    {
        using MemoryMedium medium = new(SimulatedRig.ChunkBlocks);
        using SimulatedAdapter adapter = new(new SimulatedAdapterOptions
        {
            Luns = [new SimulatedLunOptions(medium)],
            ProvisionsLuns = false,
            TakesDebugCommands = false,
        });
        using SuperpipeHost host = SuperpipeHost.Open(adapter.Transport, Node);

        // The capability is looked at before the port, the command and the length.
        Assert.Equal(Errno.NotSupported, ErrnoOf(() => host.CreateLun(0, 1)));
        Assert.Equal(Errno.NotSupported, ErrnoOf(() => host.DeleteLun(9, 1)));
        Assert.Equal(Errno.NotSupported, ErrnoOf(() => host.QueryPort(9)));
        Assert.Equal(Errno.NotSupported, ErrnoOf(() => host.ReadDebug(s_command, new byte[8])));
        Assert.Equal(Errno.NotSupported, ErrnoOf(() => host.WriteDebug(s_command, new byte[8])));
        Assert.Equal(524, (int)Errno.NotSupported);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(4)]
    public void Luns_that_cannot_be_made_or_deleted_are_refused(int ports)
    {
        using SimulatedRig rig = new(SubmissionMode.CommandRooms, ports: ports);
        using SuperpipeHost host = SuperpipeHost.Open(rig.Adapter.Transport, Node);
        Assert.Equal(Errno.InvalidArgument, ErrnoOf(() => host.CreateLun(ports, 1)));
        Assert.Equal(Errno.InvalidArgument, ErrnoOf(() => host.DeleteLun(ports, 1)));
        Assert.Equal(Errno.InvalidArgument, ErrnoOf(() => host.QueryPort(ports)));
        Assert.Equal(Errno.InputOutput, ErrnoOf(() => host.CreateLun(0, MostBlocksOfPort + 1)));
        Assert.Equal(Errno.InputOutput, ErrnoOf(() => host.CreateLun(0, long.MaxValue)));

        ProvisionedLun[] all =
            [.. Enumerable.Range(0, MostLunsOfPort).Select(_ => host.CreateLun(0, 1))];
        Assert.Equal(MostLunsOfPort, all.Select(lun => lun.LunId).Distinct().Count());
        Assert.Equal(
            MostLunsOfPort,
            all.Select(lun => Convert.ToHexString(lun.Wwid.Span)).Distinct().Count());
        Assert.Equal(Errno.InputOutput, ErrnoOf(() => host.CreateLun(0, 1)));
        if (ports > 1)
        {
            Assert.Equal(Errno.InputOutput, ErrnoOf(() => host.DeleteLun(1, all[0].LunId)));
            host.DeleteLun(1, host.CreateLun(1, 1).LunId);
        }

        host.DeleteLun(0, all[3].LunId);
        Assert.Equal(Errno.InputOutput, ErrnoOf(() => host.DeleteLun(0, all[3].LunId)));
        Assert.Equal(Errno.InputOutput, ErrnoOf(() => host.DeleteLun(0, all[4].LunId + 1)));

        // LUN 0 is there, but was not made by command.
        Assert.Equal(Errno.InputOutput, ErrnoOf(() => host.DeleteLun(0, 0)));
        host.CreateLun(0, MostBlocksOfPort - MostLunsOfPort + 1);
        Assert.Equal(
            new PortProvision(MostLunsOfPort, MostLunsOfPort, MostBlocksOfPort, MostBlocksOfPort),
            host.QueryPort(0));
    }

    [Fact]
    public void Debug_commands_carry_data_both_ways_and_have_a_limit()
    {
        using SimulatedRig rig = new(SubmissionMode.CommandRooms);
        using SuperpipeHost host = SuperpipeHost.Open(rig.Adapter.Transport, Node);
        byte[] data = new byte[SuperpipeHost.MaxDebugDataLength];
        data.AsSpan().Fill(0xEE);
        host.ReadDebug(s_command, data);
        Assert.Equal("FLASHKV1"u8, data.AsSpan(0, 8));
        Assert.False(data.AsSpan(8).ContainsAnyExcept((byte)0));
        host.ReadDebug(s_command, data.AsSpan(0, 3));
        Assert.Equal("FLA"u8, data.AsSpan(0, 3));
        host.ReadDebug(s_command, []);
        host.WriteDebug(s_command, data);
        host.WriteDebug(s_command, []);
        Assert.Throws<ArgumentException>(
            () => host.WriteDebug(s_command, new byte[data.Length + 1]));
    }

    [Theory]
    [InlineData(Errno.InputOutput)]
    [InlineData(Errno.NoBuffers)]
    [InlineData(Errno.OutOfMemory)]
    [InlineData(Errno.TimedOut)]
    [InlineData(Errno.TryAgain)]
    public void What_the_afu_refuses_is_told_and_leaves_nothing(Errno errno)
    {
        using SimulatedRig rig = new(SubmissionMode.CommandRooms);
        using SuperpipeHost host = SuperpipeHost.Open(rig.Adapter.Transport, Node);
        ulong lun = host.CreateLun(0, 5).LunId;
        byte[] data = [7, 7];
        foreach (Action call in new Action[]
        {
            () => host.CreateLun(0, 1),
            () => host.DeleteLun(0, lun),
            () => host.ReadDebug(s_command, data),
            () => host.WriteDebug(s_command, data),
        })
        {
            rig.Adapter.Driver.InjectSyncFault(errno);
            Assert.Equal(errno, ErrnoOf(call));
        }

        Assert.Equal([7, 7], data);
        Assert.Equal((1, 5), (host.QueryPort(0).Luns, host.QueryPort(0).Capacity));
    }

    [Fact]
    public void A_copy_that_fails_is_a_bad_address_and_what_was_done_stays()
    {
        using SimulatedRig rig = new(SubmissionMode.CommandRooms);
        using SuperpipeHost host = SuperpipeHost.Open(rig.Adapter.Transport, Node);
        AdapterDriver driver = rig.Adapter.Driver;
        driver.InjectFault(DriverFault.CopyIn);
        Assert.Equal(Errno.BadAddress, ErrnoOf(() => host.CreateLun(0, 5)));
        Assert.Equal(0, host.QueryPort(0).Luns);
        driver.InjectFault(DriverFault.CopyOut);
        Assert.Equal(Errno.BadAddress, ErrnoOf(() => host.CreateLun(0, 5)));
        Assert.Equal(1, host.QueryPort(0).Luns);
        driver.InjectFault(DriverFault.DebugMemory);
        Assert.Equal(Errno.OutOfMemory, ErrnoOf(() => host.WriteDebug(s_command, [1])));
    }

    [Fact]
    public void Resets_do_not_hold_host_ioctls_up_and_a_lost_adapter_is_sent_nothing()
    {
        using SimulatedRig rig = new(SubmissionMode.CommandRooms);
        using SuperpipeHost host = SuperpipeHost.Open(rig.Adapter.Transport, Node);
        ulong lun = host.CreateLun(0, 5).LunId;
        rig.Adapter.Reset();
        Assert.Equal(1, host.QueryPort(0).Luns);
        host.DeleteLun(0, lun);
        rig.Adapter.Driver.BeginReset();

        // No state is looked at, and in another state nothing is sent.
        Assert.Equal(0ul, host.CreateLun(0, 5).LunId);
        rig.Adapter.Driver.EndReset();
        Assert.Equal(0, host.QueryPort(0).Luns);
        rig.Adapter.Fail();
        host.ReadDebug(s_command, new byte[8]);
        Assert.Equal(0, host.QueryPort(0).Luns);
    }

    private static void Rescan(SimulatedRig rig, VirtualLun lun)
    {
        long before = rig.Statistics.UnitAttentions;
        rig.Adapter.InjectUnitAttention(0, asc: 0x3F, ascq: 0x0E);
        SimulatedRig.RoundTrip(lun, 1, 0, salt: 9);
        Assert.Equal(before + 1, rig.Statistics.UnitAttentions);
    }

    private static Errno ErrnoOf(Action call) => Assert.Throws<DeviceException>(call).Errno;
}
