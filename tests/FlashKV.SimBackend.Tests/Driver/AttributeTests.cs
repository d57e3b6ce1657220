using FlashKV.SimBackend.Driver;
using FlashKV.Superpipe;

namespace FlashKV.SimBackend.Tests.Driver;

/// <summary>The attributes of SP §2.1.</summary>
public sealed class AttributeTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(4)]
    public void Ports_are_online_offline_or_not_there(int ports)
    {
        using SimulatedAdapterFixture fixture = new(ports: ports);
        fixture.Adapter.SetLink(0, isUp: false);
        for (int port = 0; port < 4; port++)
        {
            Errno errno = fixture.Adapter.Driver.ReadAttribute($"port{port}", out string text);
            Assert.Equal(port < ports ? Errno.None : Errno.InvalidArgument, errno);
            Assert.Equal(port >= ports ? "" : port == 0 ? "offline\n" : "online\n", text);
            errno = fixture.Adapter.Driver.ReadAttribute($"port{port}_lun_table", out _);
            Assert.Equal(port < ports ? Errno.None : Errno.InvalidArgument, errno);
        }

        fixture.Adapter.Driver.BeginReset();
        Assert.Equal("unknown\n", Read(fixture, "port0"));
        fixture.Adapter.Driver.EndReset();
    }

    [Theory]
    [InlineData(256, 4095)]
    [InlineData(4096, 512 * 22)]
    public void A_LUN_table_is_a_line_for_each_slot_that_a_page_holds(int handles, int length)
    {
        using SimulatedAdapterFixture fixture = new(luns: 2, handles: handles);
        using TestClient client = new TestClient(fixture.Adapter, path: "/dev/sg1").Attach();
        client.OpenVirtual(0);
        string text = Read(fixture, "port1_lun_table");
        Assert.Equal(length, text.Length);
        Assert.StartsWith(
            "000: 0001000000000000\n001: 0000000000000000\n", text, StringComparison.Ordinal);
    }

    [Fact]
    public void The_mode_of_a_device_and_the_versions_are_told()
    {
        using SimulatedAdapterFixture fixture = new();
        ScsiDevice device = fixture.Adapter.Driver.Devices[0];
        Assert.Equal("superpipe\n", device.ModeAttribute);
        device.Lun = null;
        Assert.Equal("legacy\n", device.ModeAttribute);
        Assert.Equal("disk: 0\nhost: 0\n", Read(fixture, "ioctl_version"));
    }

    [Theory]
    [InlineData("irqpoll_weight", "0\n", "256", "257")]
    [InlineData("num_hwqs", "1\n", "8", "9")]
    [InlineData("hwq_mode", "rr\n", "tag", "all")]
    [InlineData("lun_mode", "0\n", "4", "5")]
    public void Values_are_kept_and_bad_ones_refused(
        string name, string start, string good, string bad)
    {
        using SimulatedAdapterFixture fixture = new();
        AdapterDriver driver = fixture.Adapter.Driver;
        Assert.Equal(start, Read(fixture, name));
        Assert.Equal(Errno.None, driver.WriteAttribute(name, good + "\n"));
        Assert.Equal(Errno.InvalidArgument, driver.WriteAttribute(name, bad));
        Assert.Equal(Errno.InvalidArgument, driver.WriteAttribute(name, "-1"));
        Assert.Equal(Errno.InvalidArgument, driver.WriteAttribute(name, ""));
        Assert.Equal(good + "\n", Read(fixture, name));
    }

    [Fact]
    public void Names_that_are_not_there_or_cannot_be_written_are_refused()
    {
        using SimulatedAdapterFixture fixture = new();
        AdapterDriver driver = fixture.Adapter.Driver;
        Assert.Equal(Errno.NoEntry, driver.ReadAttribute("port9", out _));
        Assert.Equal(Errno.NoEntry, driver.ReadAttribute("portx_lun_table", out _));
        Assert.Equal(Errno.NoEntry, driver.ReadAttribute("", out _));
        Assert.Equal(Errno.NoEntry, driver.WriteAttribute("weight", "1"));
        Assert.Equal(Errno.AccessDenied, driver.WriteAttribute("port0", "online"));
        Assert.Equal(Errno.AccessDenied, driver.WriteAttribute("ioctl_version", "1"));
    }

    [Theory]
    [InlineData("num_hwqs", "2")]
    [InlineData("lun_mode", "1")]
    public void Some_values_reset_the_adapter(string name, string value)
    {
        using SimulatedAdapterFixture fixture = new();
        TestClient client = fixture.Attached();
        uint handle = client.OpenVirtual(1);
        Assert.Equal(Errno.None, fixture.Adapter.Driver.WriteAttribute(name, value));
        Assert.Equal(1, fixture.Adapter.Driver.ResetCount);
        client.Recover();
        Assert.Equal(
            name == "lun_mode" ? Errno.InvalidArgument : Errno.None, client.Release(handle));
    }

    private static string Read(SimulatedAdapterFixture fixture, string name)
    {
        Assert.Equal(Errno.None, fixture.Adapter.Driver.ReadAttribute(name, out string text));
        return text;
    }
}
