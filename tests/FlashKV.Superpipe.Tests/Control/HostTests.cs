using FlashKV.Superpipe.Abi;
using FlashKV.Superpipe.Tests.Doubles;

namespace FlashKV.Superpipe.Tests.Control;

public class HostTests
{
    private const string Node = "/dev/cxlflash/cxlflash0";

    [Fact]
    public void Luns_are_made_counted_and_deleted()
    {
        ScriptedAdapter adapter = new();
        using (SuperpipeHost host = SuperpipeHost.Open(adapter, Node))
        {
            ProvisionedLun first = host.CreateLun(1, 100);
            host.CreateLun(0, 50);
            Assert.Equal(7ul, first.LunId);
            Assert.Equal(16, first.Wwid.Length);
            Assert.Equal((0x60, 1), (first.Wwid.Span[0], first.Wwid.Span[15]));
            Assert.Equal(new PortProvision(8, 2, 1000, 150), host.QueryPort(0));

            host.DeleteLun(1, first.LunId);
            Assert.Equal(new PortProvision(8, 1, 1000, 50), host.QueryPort(0));
            Assert.Equal(Errno.InputOutput, Assert.Throws<DeviceException>(
                () => host.DeleteLun(1, first.LunId)).Errno);
            Assert.Equal(Errno.InvalidArgument, Assert.Throws<DeviceException>(
                () => host.QueryPort(2)).Errno);
        }

        Assert.Equal(0, adapter.OpenDescriptors);
    }

    [Fact]
    public void Debug_commands_carry_data_both_ways()
    {
        ScriptedAdapter adapter = new();
        using SuperpipeHost host = SuperpipeHost.Open(adapter, Node);
        byte[] command = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];
        byte[] data = new byte[14];

        host.ReadDebug(command, data);
        Assert.Equal([.. command, 1, 2], data);
        host.WriteDebug(command, [9, 8, 7]);
        Assert.Equal([9, 8, 7], adapter.DebugData);
        host.WriteDebug(command, []);

        Assert.Throws<ArgumentException>(() => host.ReadDebug(command.AsSpan(1), data));
        Assert.Throws<ArgumentException>(() => host.ReadDebug(
            command, new byte[SuperpipeHost.MaxDebugDataLength + 1]));
        adapter.Refuse(IoctlRequest.AfuDebug, Errno.NotSupported);
        DeviceException failure =
            Assert.Throws<DeviceException>(() => host.ReadDebug(command, data));
        Assert.Equal(("HT_CXLFLASH_AFU_DEBUG", Errno.NotSupported),
            (failure.Operation, failure.Errno));
    }

    [Fact]
    public void Wrong_arguments_do_not_reach_the_driver()
    {
        ScriptedAdapter adapter = new();
        SuperpipeHost host = SuperpipeHost.Open(adapter, Node);
        Assert.Throws<ArgumentOutOfRangeException>(() => host.CreateLun(-1, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => host.CreateLun(65536, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => host.CreateLun(0, 0));
        Assert.Empty(adapter.Calls);
        host.Dispose();
        host.Dispose();
        Assert.Throws<ObjectDisposedException>(() => host.QueryPort(0));
        Assert.Equal(Errno.NoEntry, Assert.Throws<DeviceException>(
            () => SuperpipeHost.Open(new ScriptedAdapter(), "/tmp/x")).Errno);
    }
}
