using FlashKV.Superpipe;
using FlashKV.Superpipe.Abi;

namespace FlashKV.SimBackend.Tests.Driver;

/// <summary>Several adapters in one machine, and LUNs that several of them see (SP §3.1).</summary>
public sealed class SimulatedHostTests : IDisposable
{
    private const ulong Chunk = 65_536;
    private readonly MemoryMedium _shared = new(8 * 65_536);
    private readonly MemoryMedium _own = new(4 * 65_536);
    private readonly AlignedMemory _data = new(4);
    private readonly SimulatedHost _host;

    public SimulatedHostTests() => _host = new SimulatedHost(new SimulatedHostOptions
    {
        Adapters =
        [
            new SimulatedAdapterOptions
            {
                Luns = [new SimulatedLunOptions(_own), new SimulatedLunOptions(_shared)],
                PortCount = 4,
                ReportsResets = false,
            },
            new SimulatedAdapterOptions
            {
                Luns = [new SimulatedLunOptions(_shared)],
                PortCount = 1,
                SubmissionMode = SubmissionMode.SubmissionQueue,
                ReportsResets = false,
            },
        ],
    });

    public void Dispose()
    {
        _host.Dispose();
        _shared.Dispose();
        _own.Dispose();
        _data.Dispose();
    }

    [Fact]
    public void Nodes_are_counted_through_and_each_has_its_channel()
    {
        Assert.Equal(
            Enumerable.Range(0, 9).Select(number => $"/dev/sg{number}"), _host.DevicePaths);
        Assert.Equal("/dev/sg8", Assert.Single(_host.Adapters[1].DevicePaths));
        Assert.Equal(
            [0, 0, 1, 1, 2, 2, 3, 3],
            _host.Adapters[0].Driver.Devices.Select(device => device.Channel));
        Assert.Equal(
            Errno.None,
            _host.Transport.Open("/dev/cxlflash/cxlflash1", DeviceAccess.ReadWrite, out _));
        Assert.Equal(
            Errno.NoEntry,
            _host.Transport.Open("/dev/cxlflash/cxlflash2", DeviceAccess.ReadWrite, out _));
    }

    [Fact]
    public void Both_adapters_draw_chunks_of_a_shared_lun_from_one_pool()
    {
        using TestClient first = Attached(0, "/dev/sg1");
        using TestClient second = Attached(1, "/dev/sg8");
        Assert.Equal(Errno.None, first.TryOpenVirtual(5 * Chunk, out DkCxlflashUvirtual opened));
        Assert.Equal(DkCxlflashReturnFlags.AllPortsActive, opened.Hdr.ReturnFlags);
        Assert.Equal(Errno.None, second.TryOpenVirtual(ulong.MaxValue, out opened));
        Assert.Equal((3 * Chunk) - 1, opened.LastLba);
        Assert.Equal(DkCxlflashReturnFlags.None, opened.Hdr.ReturnFlags);
        Assert.Equal(Errno.NoSpace, first.TryOpenVirtual(1, out _));
        Assert.Equal(Errno.None, second.Release(0));
        Assert.Equal(3, _host.Adapters[0].Driver.ChunksOf(1)!.FreeCount);
    }

    [Fact]
    public void The_mode_of_a_shared_lun_is_shared_and_no_other()
    {
        using TestClient first = Attached(0, "/dev/sg3");
        using TestClient second = Attached(1, "/dev/sg8");
        using TestClient other = Attached(0, "/dev/sg0");
        uint handle = first.OpenVirtual(1);
        Assert.Equal(Errno.InvalidArgument, second.TryOpenDirect(out _));
        Assert.Equal(Errno.None, other.TryOpenDirect(out _));
        Assert.Equal(Errno.None, first.Release(handle));
        Assert.Equal(Errno.None, second.TryOpenDirect(out _));
        Assert.Equal(Errno.InvalidArgument, first.TryOpenVirtual(1, out _));
    }

    [Fact]
    public void Data_written_over_one_adapter_are_read_over_the_other()
    {
        using TestClient first = Attached(0, "/dev/sg1");
        using TestClient second = Attached(1, "/dev/sg8");
        _data.Fill(7);
        first.ExecuteGood(ScsiOpcode.Write16, first.OpenDirect(), 77, 1, _data.Address);
        second.ExecuteGood(
            ScsiOpcode.Read16, second.OpenDirect(), 77, 1, _data.Address + 4096);
        Assert.Equal(_data.Block(0), _data.Block(1));
    }

    [Fact]
    public void A_context_of_one_adapter_is_unknown_to_the_other()
    {
        using TestClient first = Attached(0, "/dev/sg1");
        using TestClient second = new(_host.Adapters[1], path: "/dev/sg8");
        Assert.Equal(Errno.InvalidArgument, second.TryOpenVirtual(1, out _, 0, first.ContextId));
        Assert.Equal(Errno.InvalidArgument, second.TryAttach(out _, reuse: first.ContextId));
        Assert.Equal(Errno.InvalidArgument, second.Detach(first.ContextId));
    }

    [Fact]
    public void A_reset_of_one_adapter_leaves_the_other_alone()
    {
        using TestClient first = Attached(0, "/dev/sg1");
        using TestClient second = Attached(1, "/dev/sg8");
        uint handle = first.OpenVirtual(1);
        _host.Adapters[1].Reset();
        first.ExecuteGood(ScsiOpcode.Read16, handle, 0, 1, _data.Address);
        Assert.Equal(ulong.MaxValue, second.Window.Read(SislHostMap.IntrStatus));
        second.Recover();
        Assert.Equal(1, _host.Adapters[1].GetStatistics().Resets);
        Assert.Equal(0, _host.Adapters[0].GetStatistics().Resets);
    }

    [Fact]
    public void Ending_one_adapter_leaves_the_other_running()
    {
        using TestClient second = Attached(1, "/dev/sg8");
        _host.Adapters[0].Dispose();
        second.ExecuteGood(
            ScsiOpcode.Read16, second.OpenDirect(), 0, 1, _data.Address);
        Assert.Equal(
            Errno.NoDevice, _host.Transport.Open("/dev/sg0", DeviceAccess.ReadWrite, out _));
    }

    [Fact]
    public void One_identifier_for_two_media_or_two_for_one_are_refused()
    {
        byte[] one = [0x60, .. new byte[14], 1];
        byte[] two = [0x60, .. new byte[14], 2];
        SimulatedLunOptions lun = new(_shared) { Wwid = one };
        Assert.Throws<ArgumentException>(
            () => HostOf(lun, new SimulatedLunOptions(_own) { Wwid = one }));
        Assert.Throws<ArgumentException>(() => HostOf(lun, lun with { Wwid = two }));
        HostOf(lun, lun with { Wwid = default }).Dispose();
        Assert.Throws<ArgumentException>(() => new SimulatedHost(new SimulatedHostOptions()));
    }

    private static SimulatedHost HostOf(params SimulatedLunOptions[] luns) =>
        new(new SimulatedHostOptions
        {
            Adapters = [.. luns.Select(lun => new SimulatedAdapterOptions { Luns = [lun] })],
        });

    private TestClient Attached(int adapter, string path) =>
        new TestClient(_host.Adapters[adapter], path: path).Attach();
}
