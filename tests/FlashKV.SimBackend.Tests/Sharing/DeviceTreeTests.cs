using System.Text;
using FlashKV.SimBackend.Sharing;

namespace FlashKV.SimBackend.Tests.Sharing;

/// <summary>The adapters as a program finds them in /dev and /sys (SP §2.1).</summary>
public sealed class DeviceTreeTests
{
    private const string Host = "/sys/class/scsi_host/host0";
    private const string Generic = "/sys/class/scsi_generic/sg0";

    [Fact]
    public void A_node_leads_to_its_device_and_host()
    {
        using ServedHostFixture served = new(adapters: 2);
        DeviceTree tree = new(served.Host);
        Assert.Equal(NodeKind.Device, Find(tree, "/dev/sg0").Kind);
        Assert.Equal((21u << 20) | 2, Find(tree, "/dev/sg2").Device);
        string generic = Text(tree, Generic);
        Assert.Equal(
            "/sys/devices/flashkv/adapter0/host0/target0:0:0/0:0:0:0/scsi_generic/sg0", generic);
        string device = Text(tree, generic + "/device");
        Assert.Equal("superpipe\n", Text(tree, device + "/mode"));
        Assert.Equal("21:0\n", Text(tree, generic + "/dev"));
        Assert.Equal("/sys/class/scsi_generic", Text(tree, generic + "/subsystem"));
        Assert.Contains("DEVNAME=sg0\n", Text(tree, generic + "/uevent"), StringComparison.Ordinal);
        Assert.Equal(NodeKind.Link, Find(tree, Generic).Kind);
        Assert.Equal("sg0\nsg1\nsg2\nsg3\n", Text(tree, "/sys/class/scsi_generic/"));
        Assert.False(tree.TryLookUp("/dev/sg4", out _));
        Assert.False(tree.TryLookUp("/etc/passwd", out _));
        Assert.False(tree.TryLookUp("/", out _));
    }

    [Fact]
    public void Host_attributes_follow_the_adapter()
    {
        using ServedHostFixture served = new();
        DeviceTree tree = new(served.Host);
        string host = Text(tree, Host);
        Assert.Equal("online\n", Text(tree, host + "/port1"));
        served.Adapter.SetLink(1, isUp: false);
        Assert.Equal("offline\n", Text(tree, host + "/port1"));
        Assert.Equal(
            FlashKV.Superpipe.Errno.InvalidArgument, Find(tree, host + "/port2").Errno);
        Assert.Equal("disk: 0\nhost: 0\n", Text(tree, host + "/ioctl_version"));
        string table = Text(tree, host + "/port0_lun_table");
        Assert.StartsWith("000: 0000000000000000\n", table, StringComparison.Ordinal);
        Assert.InRange(table.Length, 4000, 4096);
    }

    [Fact]
    public void Page_83_has_the_identifier_that_manage_lun_takes()
    {
        using ServedHostFixture served = new();
        DeviceTree tree = new(served.Host);
        string device = Text(tree, Text(tree, Generic) + "/device");
        ReadOnlySpan<byte> page = Find(tree, device + "/vpd_pg83").Content.Span;
        Assert.Equal<byte>(
            [0x00, 0x83, 0x00, 0x14, 0x01, 0x03, 0x00, 0x10], page[..8].ToArray());
        byte[] wwid = page[8..].ToArray();
        Assert.Equal(SimulatedLunOptions.WwidLength, wwid.Length);
        Assert.Equal(
            $"naa.{Convert.ToHexStringLower(wwid)}\n", Text(tree, device + "/wwid"));
        Assert.Contains(
            $"wwid={Convert.ToHexStringLower(wwid)} ", tree.List(), StringComparison.Ordinal);
    }

    [Fact]
    public void Clients_see_the_tree_and_the_list()
    {
        using ServedHostFixture served = new();
        using AdapterControl control = AdapterControl.Connect(served.SocketPath);
        string[] lines = control.ListDevices().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(3, lines.Length);
        Assert.Contains(
            lines,
            line => line.StartsWith(
                "name=sg0 kind=1 path=/dev/sg0 adapter=0 host=0 channel=0 ",
                StringComparison.Ordinal));
        Assert.Contains(
            lines,
            line => line.StartsWith("name=cxlflash0 kind=2 ", StringComparison.Ordinal));

        Assert.Equal(
            FlashKV.Superpipe.Errno.None,
            ClientConnection.Open(served.SocketPath, out ClientConnection? connection));
        using (connection)
        {
            byte[] path = Encoding.UTF8.GetBytes(Generic);
            MessageWriter request = connection!.Begin(MessageType.Lookup);
            request.Add32((uint)path.Length);
            request.Add32(0);
            request.AddBytes(path);
            Assert.Equal(
                FlashKV.Superpipe.Errno.None,
                connection.Call(request, out MessageReader reply));
            Assert.Equal((uint)NodeKind.Link, reply.Take32());
            Assert.Equal(0u, reply.Take32());
            uint length = reply.Take32();
            Assert.Equal(0u, reply.Take32());
            Assert.EndsWith(
                "/scsi_generic/sg0",
                Encoding.UTF8.GetString(reply.TakeBytes(length)),
                StringComparison.Ordinal);
        }
    }

    private static DeviceNode Find(DeviceTree tree, string path)
    {
        Assert.True(tree.TryLookUp(path, out DeviceNode node), path);
        return node;
    }

    private static string Text(DeviceTree tree, string path) =>
        Encoding.UTF8.GetString(Find(tree, path).Content.Span);
}
