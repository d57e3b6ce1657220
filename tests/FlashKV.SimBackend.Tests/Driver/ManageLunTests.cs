using FlashKV.SimBackend.Driver;
using FlashKV.Superpipe;
using FlashKV.Superpipe.Abi;

namespace FlashKV.SimBackend.Tests.Driver;

/// <summary>MANAGE_LUN, WWIDs, ports and the LUN table (SP §2.6, §3.4).</summary>
public sealed class ManageLunTests
{
    private const ulong Enable = DkCxlflashManageLun.EnableSuperpipe;
    private const ulong Disable = DkCxlflashManageLun.DisableSuperpipe;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(4)]
    public void Each_path_adds_its_port_and_each_leaves_alone(int ports)
    {
        using SimulatedAdapterFixture fixture = new(ports: ports);
        IReadOnlyList<ScsiDevice> devices = fixture.Adapter.Driver.Devices;
        LocalLun lun = devices[0].Lun!;
        Assert.All(devices, device => Assert.Same(lun, device.Lun));
        Assert.Equal((1 << ports) - 1, lun.PortSelect);
        int left = ports;
        foreach (ScsiDevice device in devices)
        {
            Assert.Equal(Errno.None, Manage(fixture, device.Path, Disable));
            Assert.Equal(--left, lun.PortCount);
        }

        Assert.Equal(Errno.None, Manage(fixture, devices[^1].Path, Enable));
        Assert.Equal(1 << (ports - 1), lun.PortSelect);
    }

    [Fact]
    public void Paths_with_one_WWID_are_one_LUN_and_with_another_another()
    {
        using SimulatedAdapterFixture fixture = new(luns: 2, ports: 1);
        IReadOnlyList<ScsiDevice> devices = fixture.Adapter.Driver.Devices;
        Assert.NotSame(devices[0].Lun, devices[1].Lun);
        Assert.Equal(Errno.None, Manage(fixture, "/dev/sg1", Disable, wwid: 1));
        Assert.Equal(Errno.None, Manage(fixture, "/dev/sg1", Enable, wwid: 0));
        Assert.Same(devices[0].Lun, devices[1].Lun);
        Assert.Equal(Errno.None, Manage(fixture, "/dev/sg1", Enable, wwid: 77));
        Assert.NotSame(devices[0].Lun, devices[1].Lun);
        Assert.Equal(3, fixture.Adapter.Module.LunCount);
    }

    [Fact]
    public void Without_a_flag_LUNs_are_looked_up_and_made_and_devices_stay_as_they_are()
    {
        using SimulatedAdapterFixture fixture = new();
        LocalLun? before = fixture.Adapter.Driver.Devices[0].Lun;
        Assert.Equal(
            Errno.None,
            Manage(fixture, "/dev/sg0", DkCxlflashManageLun.AllPortsAccessible, wwid: 9));
        Assert.Same(before, fixture.Adapter.Driver.Devices[0].Lun);
        Assert.Equal(2, fixture.Adapter.Module.LunCount);
    }

    [Fact]
    public void Enabling_goes_before_disabling()
    {
        using SimulatedAdapterFixture fixture = new();
        Assert.Equal(Errno.None, Manage(fixture, "/dev/sg0", Enable | Disable));
        Assert.NotNull(fixture.Adapter.Driver.Devices[0].Lun);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_LUN_in_use_is_busy_on_each_of_its_paths(bool isVirtual)
    {
        using SimulatedAdapterFixture fixture = new();
        TestClient client = fixture.Attached();
        uint handle = isVirtual ? client.OpenVirtual(0) : client.OpenDirect();
        Assert.Equal(Errno.Busy, Manage(fixture, "/dev/sg0", Disable));
        Assert.Equal(Errno.Busy, Manage(fixture, "/dev/sg1", Disable));
        Assert.Equal(Errno.None, client.Release(handle));
        Assert.Equal(Errno.None, Manage(fixture, "/dev/sg1", Disable));
    }

    [Fact]
    public void LUNs_of_several_ports_are_indexed_from_below_and_of_one_from_above()
    {
        MemoryMedium[] media = Media(4);
        using SimulatedAdapter adapter = Adapter(media, [0, 1, 0, 2]);
        for (int lun = 0; lun < 4; lun++)
        {
            OpenAndLeave(adapter, adapter.DevicePaths[lun]);
        }

        Assert.Equal(
            [0, 255, 1, 255],
            adapter.Driver.Devices.Take(4).Select(device => device.Lun!.LunIndex));
        ulong[] table = adapter.Driver.LunTableOf(0);
        Assert.Equal((0ul, 2ul << 48, 1ul << 48), (table[0], table[1], table[255]));
        Assert.Equal(3ul << 48, adapter.Driver.LunTableOf(1)[255]);
        Array.ForEach(media, medium => medium.Dispose());
    }

    [Fact]
    public void Slots_are_never_given_back_and_end_with_ENOSPC()
    {
        using SimulatedAdapterFixture fixture = new(ports: 1);
        for (int i = 0; i < 255; i++)
        {
            OpenAndLeave(fixture.Adapter, "/dev/sg0");
            Assert.Equal(255 - i, fixture.Adapter.Driver.Devices[0].Lun!.LunIndex);

            // Out of all ports, the LUN is in no table any more.
            Assert.Equal(Errno.None, Manage(fixture, "/dev/sg0", Disable));
            Assert.Equal(Errno.None, Manage(fixture, "/dev/sg0", Enable));
        }

        TestClient client = fixture.Attached();
        Assert.Equal(Errno.NoSpace, client.TryOpenVirtual(0, out _));
        Assert.Equal(LunMode.None, fixture.Adapter.Driver.Devices[0].Lun!.Parent.Mode);
        Assert.Equal(Errno.None, client.TryOpenDirect(out _));
    }

    [Fact]
    public void A_LUN_without_a_path_is_EIO_and_a_physical_one_needs_no_slot()
    {
        // The context of a LUN outlives its last path in superpipe mode.
        using SimulatedAdapterFixture fixture = new(ports: 2);
        TestClient first = fixture.Attached();
        Assert.Equal(Errno.None, Manage(fixture, "/dev/sg1", Disable));
        fixture.Adapter.Driver.Devices[0].Lun!.RemoveChannel(0);
        Assert.Equal(Errno.InputOutput, first.TryOpenVirtual(0, out _));
        Assert.Equal(Errno.None, first.TryOpenDirect(out _));
    }

    [Fact]
    public void A_capacity_that_was_never_read_is_read_by_ATTACH()
    {
        using SimulatedAdapterFixture fixture = new();
        GlobalLun lun = fixture.Adapter.Driver.Devices[0].Lun!.Parent;
        Assert.Equal(0ul, lun.MaxLba);
        fixture.Adapter.Driver.InjectFault(DriverFault.ReadCapacity);
        Assert.Equal(Errno.NoDevice, fixture.Client().TryAttach(out _));
        Assert.Equal(Errno.None, fixture.Client().TryAttach(out _));
        Assert.Equal((8ul * 65_536) + 6, lun.MaxLba);
        fixture.Adapter.Driver.InjectFault(DriverFault.ReadCapacity);
        Assert.Equal(Errno.None, fixture.Client().TryAttach(out _));
    }

    [Theory]
    [InlineData(0x29, true)]
    [InlineData(0x2A, true)]
    [InlineData(0x3F, true)]
    [InlineData(0x28, false)]
    public void READ_CAPACITY_is_sent_again_after_some_unit_attentions(byte asc, bool isGood)
    {
        using SimulatedAdapterFixture fixture = new();
        fixture.Adapter.InjectUnitAttention(0, asc);
        Assert.Equal(
            isGood ? Errno.None : Errno.NoDevice, fixture.Client().TryAttach(out _));
    }

    private static Errno Manage(
        SimulatedAdapterFixture fixture, string path, ulong flags, byte wwid = 0)
    {
        TestClient client = fixture.Client(path: path);
        DkCxlflashManageLun argument = default;
        argument.Hdr.Flags = flags;
        argument.Wwid[0] = 0x60;
        argument.Wwid[15] = wwid;
        Errno errno = client.Ioctl(IoctlRequest.ManageLun, ref argument);
        Assert.Equal(Errno.None, client.Transport.Close(client.Device));
        return errno;
    }

    private static void OpenAndLeave(SimulatedAdapter adapter, string path)
    {
        using TestClient client = new TestClient(adapter, path: path).Attach();
        client.OpenVirtual(0);
        client.Leave();
    }

    private static MemoryMedium[] Media(int count) =>
        [.. Enumerable.Range(0, count).Select(_ => new MemoryMedium(65_536))];

    private static SimulatedAdapter Adapter(MemoryMedium[] media, int[] ports) =>
        new(new SimulatedAdapterOptions
        {
            Luns = [.. media.Zip(
                ports, (medium, mask) => new SimulatedLunOptions(medium) { PortMask = mask })],
        });
}
