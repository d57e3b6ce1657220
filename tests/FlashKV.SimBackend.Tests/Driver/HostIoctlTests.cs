using FlashKV.SimBackend.Afu;
using FlashKV.SimBackend.Driver;
using FlashKV.Superpipe;
using FlashKV.Superpipe.Abi;

namespace FlashKV.SimBackend.Tests.Driver;

/// <summary>The host ioctls (SP §2.8).</summary>
public sealed class HostIoctlTests : IDisposable
{
    private readonly SimulatedAdapterFixture _fixture = new(ports: 2);
    private readonly TestClient _client;
    private readonly int _host;

    public HostIoctlTests()
    {
        _client = _fixture.Attached();
        Assert.Equal(
            Errno.None,
            _client.Transport.Open(
                "/dev/cxlflash/cxlflash0", DeviceAccess.ReadWrite, out _host));
    }

    private AdapterDriver Driver => _fixture.Adapter.Driver;

    public void Dispose() => _fixture.Dispose();

    [Theory]
    [InlineData(IoctlRequest.LunProvision)]
    [InlineData(IoctlRequest.AfuDebug)]
    public void The_header_is_checked_in_order(uint request)
    {
        byte[] argument = new byte[IoctlRequest.SizeOf(request)];
        Assert.Equal(Errno.InvalidArgument, _client.Transport.Ioctl(_host, 0xC078CABD, argument));
        Assert.Equal(
            Errno.BadAddress, _client.Transport.Ioctl(_host, request, argument.AsSpan(1)));
        foreach (int offset in new[] { 0, 4, 7, 16, 23 })
        {
            argument[offset] = 1;
            Assert.Equal(
                Errno.InvalidArgument, _client.Transport.Ioctl(_host, request, argument));
            argument[offset] = 0;
        }

        Assert.Equal(
            Errno.InvalidArgument, _client.Transport.Ioctl(_client.Device, request, argument));
        Assert.Equal(
            Errno.InvalidArgument,
            _client.Transport.Ioctl(
                _host, IoctlRequest.Attach, new byte[DkCxlflashAttach.SizeInBytes]));
    }

    [Fact]
    public void A_LUN_is_made_counted_and_deleted()
    {
        HtCxlflashLunProvision made = Provision(HtCxlflashLunProvision.SubcmdCreateLun, 1, 70_000);
        Assert.NotEqual(0ul, made.LunId);
        Assert.Equal(0x60, made.Wwid[0]);
        HtCxlflashLunProvision port = Provision(HtCxlflashLunProvision.SubcmdQueryPort, 1);
        Assert.Equal((1ul, 70_000ul), (port.CurNumLuns, port.CurCapPort));
        Assert.True(port.MaxNumLuns > 1 && port.MaxCapPort > 70_000);
        Assert.Equal(0ul, Provision(HtCxlflashLunProvision.SubcmdQueryPort, 0).CurNumLuns);
        Assert.Equal(
            Errno.InputOutput,
            TryProvision(HtCxlflashLunProvision.SubcmdDeleteLun, 0, 0, made.LunId, out _));
        Assert.Equal(
            Errno.None,
            TryProvision(HtCxlflashLunProvision.SubcmdDeleteLun, 1, 0, made.LunId, out _));
        port = Provision(HtCxlflashLunProvision.SubcmdQueryPort, 1);
        Assert.Equal((0ul, 0ul), (port.CurNumLuns, port.CurCapPort));
    }

    [Fact]
    public void A_port_has_room_for_a_number_of_LUNs_and_bad_ports_and_commands_are_refused()
    {
        ulong most = Provision(HtCxlflashLunProvision.SubcmdQueryPort, 0).MaxNumLuns;
        for (ulong i = 0; i < most; i++)
        {
            Provision(HtCxlflashLunProvision.SubcmdCreateLun, 0, 1);
        }

        Assert.Equal(
            Errno.InputOutput,
            TryProvision(HtCxlflashLunProvision.SubcmdCreateLun, 0, 1, 0, out _));
        Assert.Equal(
            Errno.InvalidArgument,
            TryProvision(HtCxlflashLunProvision.SubcmdCreateLun, 2, 1, 0, out _));
        Assert.Equal(Errno.InvalidArgument, TryProvision(0, 0, 1, 0, out _));
        Assert.Equal(Errno.InvalidArgument, TryProvision(4, 0, 1, 0, out _));
    }

    [Fact]
    public void A_made_LUN_is_used_after_a_rescan_and_gone_after_the_next()
    {
        HtCxlflashLunProvision made =
            Provision(HtCxlflashLunProvision.SubcmdCreateLun, 1, 2 * 65_536);
        int before = Driver.Devices.Count;
        Rescan();
        ScsiDevice device = Driver.Devices[before];
        Assert.Equal((1, "legacy\n"), (device.Channel, device.ModeAttribute));
        TestClient client = _fixture.Client(path: device.Path);
        Assert.Equal(Errno.InvalidArgument, client.TryAttach(out _));
        DkCxlflashManageLun manage = default;
        manage.Hdr.Flags = DkCxlflashManageLun.EnableSuperpipe;
        manage.Wwid = made.Wwid;
        Assert.Equal(Errno.None, client.Ioctl(IoctlRequest.ManageLun, ref manage));
        client.Attach();
        uint handle = client.OpenVirtual(2 * 65_536);
        _fixture.Data.Fill(1);
        client.ExecuteGood(ScsiOpcode.Write16, handle, 100_000, 1, _fixture.Data.Address);
        client.ExecuteGood(ScsiOpcode.Read16, handle, 100_000, 1, _fixture.Data.Address + 4096);
        Assert.Equal(_fixture.Data.Block(0), _fixture.Data.Block(1));
        Assert.Equal(
            Errno.None,
            TryProvision(HtCxlflashLunProvision.SubcmdDeleteLun, 1, 0, made.LunId, out _));
        Rescan();
        Assert.Equal(Errno.NoDevice, client.TryAttach(out _));
        Assert.Equal(
            Errno.NoEntry,
            client.Transport.Open(device.Path, DeviceAccess.ReadWrite, out _));
    }

    [Theory]
    [InlineData(Errno.InputOutput)]
    [InlineData(Errno.NoBuffers)]
    [InlineData(Errno.TimedOut)]
    [InlineData(Errno.TryAgain)]
    public void Errors_of_the_AFU_are_told_as_they_are(Errno errno)
    {
        Driver.InjectSyncFault(errno);
        Assert.Equal(
            errno, TryProvision(HtCxlflashLunProvision.SubcmdCreateLun, 0, 1, 0, out var made));
        Assert.Equal(0ul, made.LunId);
        Driver.InjectSyncFault(errno);
        Assert.Equal(errno, TryDebug(0, 0, isWrite: false));
    }

    [Fact]
    public void Debug_data_are_copied_in_and_out()
    {
        Assert.Equal(Errno.None, TryDebug(0, 0, isWrite: false));
        AlignedMemory data = _fixture.Data;
        data.Bytes.Fill(0xEE);
        Assert.Equal(Errno.None, TryDebug((ulong)data.Address, 64, isWrite: true));
        Assert.Equal(0xEE, data.Bytes[0]);
        Assert.Equal(Errno.None, TryDebug((ulong)data.Address, 64, isWrite: false));
        Assert.Equal(AfuCommands.DebugData, data.Bytes[..8]);
        Assert.Equal((0, 0xEE), (data.Bytes[63], data.Bytes[64]));
        Assert.Equal(Errno.BadAddress, TryDebug(8, 64, isWrite: true));
        Assert.Equal(Errno.BadAddress, TryDebug(8, 64, isWrite: false));
        Driver.InjectSyncFault(Errno.InputOutput);
        data.Bytes.Fill(0xEE);
        Assert.Equal(Errno.InputOutput, TryDebug((ulong)data.Address, 64, isWrite: false));
        Assert.Equal(0xEE, data.Bytes[0]);
    }

    [Fact]
    public void Debug_data_have_a_limit_and_need_memory()
    {
        using AlignedMemory data = new(64);
        const uint Most = HtCxlflashAfuDebug.MaxDataLength;
        Assert.Equal(Errno.None, TryDebug((ulong)data.Address, Most, isWrite: true));
        Assert.Equal(
            Errno.InvalidArgument, TryDebug((ulong)data.Address, Most + 1, isWrite: true));
        Driver.InjectFault(DriverFault.DebugMemory);
        Assert.Equal(Errno.OutOfMemory, TryDebug((ulong)data.Address, 1, isWrite: true));
    }

    [Fact]
    public void In_another_state_nothing_is_sent_and_nothing_fails()
    {
        _fixture.Adapter.Fail();
        HtCxlflashLunProvision made = Provision(HtCxlflashLunProvision.SubcmdCreateLun, 0, 1);
        Assert.Equal(0ul, made.LunId);
        Assert.Equal(0ul, Provision(HtCxlflashLunProvision.SubcmdQueryPort, 0).CurNumLuns);
    }

    private void Rescan()
    {
        uint handle = _client.OpenVirtual(0);
        byte[] sense = [0x70, 0, 6, 0, 0, 0, 0, 0x0A, 0, 0, 0, 0, 0x3F, 0x0E, 0, 0, 0, 0];
        Assert.Equal(Errno.None, _client.Verify(handle, out _, sense));
        Assert.Equal(Errno.None, _client.Release(handle));
    }

    private HtCxlflashLunProvision Provision(ushort command, ushort port, ulong size = 0)
    {
        Assert.Equal(Errno.None, TryProvision(command, port, size, 0, out var argument));
        return argument;
    }

    private Errno TryProvision(
        ushort command, ushort port, ulong size, ulong lunId, out HtCxlflashLunProvision argument)
    {
        argument = default;
        argument.Hdr.Subcmd = command;
        argument.Port = port;
        argument.Size = size;
        argument.LunId = lunId;
        return _client.Transport.Ioctl(
            _host, IoctlRequest.LunProvision, AbiBytes.Of(ref argument));
    }

    private Errno TryDebug(ulong address, uint length, bool isWrite)
    {
        HtCxlflashAfuDebug argument = default;
        argument.Hdr.Flags = isWrite ? HtCxlflashHdr.HostWrite : HtCxlflashHdr.HostRead;
        argument.DataEa = address;
        argument.DataLen = length;
        return _client.Transport.Ioctl(_host, IoctlRequest.AfuDebug, AbiBytes.Of(ref argument));
    }
}
