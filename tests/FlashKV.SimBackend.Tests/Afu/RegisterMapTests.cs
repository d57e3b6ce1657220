using System.Text;
using FlashKV.SimBackend.Afu;
using FlashKV.Superpipe;
using FlashKV.Superpipe.Abi;

namespace FlashKV.SimBackend.Tests.Afu;

/// <summary>The registers of the whole AFU at their addresses (SP §4.1, §4.3-§4.5).</summary>
public sealed class RegisterMapTests
{
    private const byte Read16 = ScsiOpcode.Read16;

    [Theory]
    [InlineData(SubmissionMode.CommandRooms, 0x8000)]
    [InlineData(SubmissionMode.SubmissionQueue, 0x4000)]
    public void Version_and_capabilities_are_stated(SubmissionMode mode, int capability)
    {
        using SimulatedAdapterFixture fixture = new(mode);
        ulong version = ReadGlobal(fixture, SislGlobalRegisters.AfuVersion);
        Assert.Equal("FLASHKV1", Encoding.ASCII.GetString(BitConverter.GetBytes(version)));
        ulong capabilities = ReadGlobal(fixture, SislGlobalRegisters.InterfaceVersion);
        Assert.Equal((ulong)capability, (capabilities >> 48) & 0xF000);
        Assert.NotEqual(ulong.MaxValue, capabilities);
    }

    [Fact]
    public void Global_registers_start_as_the_driver_leaves_them()
    {
        using SimulatedAdapterFixture fixture = new(ports: 4);
        Assert.Equal(0x7F20ul, ReadGlobal(fixture, SislGlobalRegisters.AfuConfig));
        Assert.Equal(0xFul, ReadGlobal(fixture, SislGlobalRegisters.AfuPortSel));
        Assert.Equal(
            SislGlobalRegisters.PackAfuCtrl(0), ReadGlobal(fixture, SislGlobalRegisters.AfuCtrl));
        ulong beat = ReadGlobal(fixture, SislGlobalRegisters.AfuHb);
        Assert.True(ReadGlobal(fixture, SislGlobalRegisters.AfuHb) > beat);
        WriteGlobal(fixture, SislGlobalRegisters.Scratch, 0x1234567890);
        Assert.Equal(0x1234567890ul, ReadGlobal(fixture, SislGlobalRegisters.Scratch));
        WriteGlobal(fixture, SislGlobalRegisters.InterfaceVersion, 5);
        Assert.NotEqual(5ul, ReadGlobal(fixture, SislGlobalRegisters.InterfaceVersion));
    }

    [Fact]
    public void A_context_window_is_where_its_handle_says()
    {
        using SimulatedAdapterFixture fixture = new();
        TestClient client = fixture.Attached();
        ulong page = (ulong)client.Handle * AfuAddressMap.HostStride;
        AfuRegisterMap map = fixture.Adapter.Afu.Map;
        Assert.Equal(client.ResponseRing, map.Read(page + SislHostMap.RrqStart));
        map.Write(page + SislHostMap.CtxCtrl, 3);
        Assert.Equal(
            3 | SislHostMap.UnmapSupported, client.Window.Read(SislHostMap.CtxCtrl));
        Assert.Equal(ulong.MaxValue, map.Read(page + AfuAddressMap.HostStride));
        fixture.Adapter.Reset();
        Assert.Equal(ulong.MaxValue, map.Read(page + SislHostMap.RrqStart));
    }

    [Fact]
    public void Without_a_port_in_afu_port_sel_there_are_no_channels()
    {
        using SimulatedAdapterFixture fixture = new(ports: 4);
        TestClient client = fixture.Attached();
        uint handle = client.OpenVirtual(1);
        WriteGlobal(fixture, SislGlobalRegisters.AfuPortSel, 0b1000);
        SislIoasa ioasa = client.Execute(Read16, handle, 0, 1, fixture.Data.Address);
        Assert.Equal((0u, (byte)3), (ioasa.Ioasc, ioasa.Port));
        WriteGlobal(fixture, SislGlobalRegisters.AfuPortSel, 0);
        ioasa = client.Execute(Read16, handle, 0, 1, fixture.Data.Address);
        Assert.Equal(SislAfuRc.NoChannels, ioasa.AfuRc);
        WriteGlobal(fixture, SislGlobalRegisters.AfuPortSel, 0xF);
        client.ExecuteGood(Read16, handle, 0, 1, fixture.Data.Address);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(4)]
    public void Ports_have_names_and_go_offline_and_online(int ports)
    {
        using SimulatedAdapterFixture fixture = new(ports: ports);
        TestClient client = fixture.Attached();
        uint handle = client.OpenVirtual(1);
        HashSet<ulong> names = [];
        for (int port = 0; port < ports; port++)
        {
            Assert.True(names.Add(ReadPort(fixture, port, SislFcPortRegisters.Pname)));
            Assert.Equal(
                SislFcPortRegisters.StatusOnline,
                ReadPort(fixture, port, SislFcPortRegisters.MtipStatus)
                    & SislFcPortRegisters.StatusMask);
            WritePort(
                fixture, port, SislFcPortRegisters.MtipCmdConfig,
                SislFcPortRegisters.CmdConfigOffline);
            Assert.Equal(
                SislFcPortRegisters.StatusOffline,
                ReadPort(fixture, port, SislFcPortRegisters.MtipStatus)
                    & SislFcPortRegisters.StatusMask);
        }

        SislIoasa ioasa = client.Execute(Read16, handle, 0, 1, fixture.Data.Address);
        Assert.Equal(SislAfuRc.NoChannels, ioasa.AfuRc);
        WritePort(
            fixture, ports - 1, SislFcPortRegisters.MtipCmdConfig,
            SislFcPortRegisters.CmdConfigOnline);
        ioasa = client.Execute(Read16, handle, 0, 1, fixture.Data.Address);
        Assert.Equal((0u, ports - 1), (ioasa.Ioasc, ioasa.Port));
    }

    [Fact]
    public void A_shutdown_of_a_port_is_complete()
    {
        using SimulatedAdapterFixture fixture = new();
        WritePort(fixture, 1, SislFcPortRegisters.Config2, SislFcPortRegisters.ShutdownNormal);
        Assert.Equal(
            SislFcPortRegisters.ShutdownComplete,
            ReadPort(fixture, 1, SislFcPortRegisters.Status));
        Assert.Equal(0ul, ReadPort(fixture, 0, SislFcPortRegisters.Status));
        WritePort(fixture, 0, SislFcPortRegisters.ErrMsk, 0x55);
        Assert.Equal(0x55ul, ReadPort(fixture, 0, SislFcPortRegisters.ErrMsk));
    }

    [Fact]
    public void The_lun_table_of_a_port_says_which_lun_a_chunk_is_on()
    {
        using SimulatedAdapterFixture fixture = new(ports: 1);
        TestClient client = fixture.Attached();
        uint handle = client.OpenVirtual(1);

        // A LUN with one port is written to the last slot first.
        ulong slot = (ulong)AfuAddressMap.LunTable(0) + (255 * 8);
        AfuRegisterMap map = fixture.Adapter.Afu.Map;
        Assert.Equal(0ul, map.Read(slot));
        map.Write(slot, 7UL << 48);
        SislIoasa ioasa = client.Execute(Read16, handle, 0, 1, fixture.Data.Address);
        Assert.Equal(SislScsiRc.Check, ioasa.ScsiRc);
        Assert.Equal(0x25, ioasa.SenseData[12]);
        map.Write(slot, 0);
        client.ExecuteGood(Read16, handle, 0, 1, fixture.Data.Address);
    }

    [Theory]
    [InlineData(0, 0x0200ul)]
    [InlineData(1, 0x0002ul)]
    [InlineData(2, 0x02000000ul)]
    [InlineData(3, 0x00020000ul)]
    public void A_link_that_goes_and_comes_is_an_interrupt_in_the_byte_of_its_port(
        int port, ulong down)
    {
        // Without a driver, which would clear it.
        using MemoryMedium medium = new(16);
        AfuModel afu = new([new AfuTarget(0, medium, 0xF)], 4, SubmissionMode.CommandRooms, 16);
        GlobalRegisters registers = afu.Registers;
        afu.SetLink(port, isUp: false);
        Assert.Equal(down, registers.Read(SislGlobalRegisters.AintrStatus));
        Assert.Equal(SislLisn.AsyncError, TakeMasterInterrupt(afu));
        registers.Write(SislGlobalRegisters.AintrClear, ulong.MaxValue);
        Assert.Equal(0ul, registers.Read(SislGlobalRegisters.AintrStatus));

        // Link up and login succeeded.
        registers.Write(SislGlobalRegisters.AintrMask, ulong.MaxValue);
        afu.SetLink(port, isUp: true);
        Assert.Equal((down >> 1) * 5, registers.Read(SislGlobalRegisters.AintrStatus));
        Assert.Equal(0, TakeMasterInterrupt(afu));
        registers.Write(SislGlobalRegisters.AintrMask, 0);
        Assert.Equal(SislLisn.AsyncError, TakeMasterInterrupt(afu));
    }

    [Fact]
    public void Capabilities_are_taken_once_after_the_mailbox_was_read()
    {
        using SimulatedAdapterFixture fixture = new();
        TestClient client = fixture.Attached();
        uint handle = client.OpenVirtual(1);
        WriteControl(fixture, client.Handle, SislCtrlMap.CtxCap, 0xF);
        Assert.Equal(3ul, ReadControl(fixture, client.Handle, SislCtrlMap.CtxCap));
        ReadControl(fixture, client.Handle, SislCtrlMap.MboxR);
        WriteControl(fixture, client.Handle, SislCtrlMap.CtxCap, 1);
        WriteControl(fixture, client.Handle, SislCtrlMap.CtxCap, 2);
        Assert.Equal(1ul, ReadControl(fixture, client.Handle, SislCtrlMap.CtxCap));
        client.ExecuteGood(Read16, handle, 0, 1, fixture.Data.Address);
        Assert.Equal(
            SislAfuRc.CapViolation,
            client.Execute(ScsiOpcode.Write16, handle, 0, 1, fixture.Data.Address).AfuRc);
    }

    [Fact]
    public void A_context_closed_between_mailbox_and_capabilities_takes_none()
    {
        using MemoryMedium medium = new(16);
        AfuModel afu = new([new AfuTarget(0, medium, 1)], 1, SubmissionMode.CommandRooms, 16);
        AfuContext context = afu.CreateContext(5, new ContextEvents(5), ClientMemory.Local);
        context.Control.Read(SislCtrlMap.MboxR);
        context.Lose();
        context.Control.Write(SislCtrlMap.CtxCap, 3);
        Assert.Equal(0ul, context.Control.Read(SislCtrlMap.CtxCap));
    }

    [Theory]
    [InlineData(SislCtrlMap.LisnPasid)]
    [InlineData(SislCtrlMap.LisnPasid + 8)]
    [InlineData(SislCtrlMap.LisnEa)]
    [InlineData(SislCtrlMap.LisnEa + 16)]
    public void Interrupt_registers_of_the_control_map_keep_their_values(int offset)
    {
        using SimulatedAdapterFixture fixture = new();
        TestClient client = fixture.Attached();
        WriteControl(fixture, client.Handle, offset, 0xABCDEF);
        Assert.Equal(0xABCDEFul, ReadControl(fixture, client.Handle, offset));
    }

    [Theory]
    [InlineData(SubmissionMode.CommandRooms)]
    [InlineData(SubmissionMode.SubmissionQueue)]
    public void Without_the_drivers_context_nothing_is_translated(SubmissionMode mode)
    {
        using SimulatedAdapterFixture fixture = new(mode);
        TestClient client = fixture.Attached();
        uint handle = client.OpenVirtual(1);
        ReadControl(fixture, 0, SislCtrlMap.MboxR);
        WriteControl(fixture, 0, SislCtrlMap.CtxCap, 0xF);
        Assert.Equal(
            SislAfuRc.NotXlateHost,
            client.Execute(Read16, handle, 0, 1, fixture.Data.Address).AfuRc);
        fixture.Adapter.Afu.Master.Control.SetUpMaster();
        client.ExecuteGood(Read16, handle, 0, 1, fixture.Data.Address);
    }

    [Theory]
    [InlineData(SislCtrlMap.RhtStart, 0ul, 0x01)]
    [InlineData(SislCtrlMap.RhtStart, 0x10_0008ul, 0x02)]
    [InlineData(SislCtrlMap.RhtStart, 0x1000ul, 0x04)]
    [InlineData(SislCtrlMap.RhtCntId, 0ul, 0x03)]
    [InlineData(SislCtrlMap.RhtCntId, 0x0001_0005_0000_0000ul, 0x1A)]
    public void A_table_that_cannot_be_used_has_its_own_code(
        int offset, ulong value, byte expected)
    {
        using SimulatedAdapterFixture fixture = new();
        TestClient client = fixture.Attached();
        uint handle = client.OpenVirtual(1);
        ulong before = ReadControl(fixture, client.Handle, offset);
        WriteControl(fixture, client.Handle, offset, value);
        SislIoasa ioasa = client.Execute(Read16, handle, 0, 1, fixture.Data.Address);
        Assert.Equal(expected, (byte)ioasa.AfuRc);
        Assert.Equal(expected == (byte)SislAfuRc.RhtDmaErr ? 0x0B : 0, ioasa.AfuExtra);
        WriteControl(fixture, client.Handle, offset, before);
        client.ExecuteGood(Read16, handle, 0, 1, fixture.Data.Address);
    }

    [Fact]
    public void Random_addresses_and_values_do_no_harm()
    {
        // rht_start excepted: the driver is trusted with it. The memory is reached by the system's
        // calls, since a wild address would end this process otherwise.
        const int Seed = 20261125;
        Random random = new(Seed);
        using SimulatedAdapterFixture fixture = new(
            ports: 2, memory: new ClientMemory(Environment.ProcessId));
        TestClient client = fixture.Attached();
        AfuRegisterMap map = fixture.Adapter.Afu.Map;
        for (int i = 0; i < 50_000; i++)
        {
            ulong address = random.Next(4) switch
            {
                0 => (ulong)random.NextInt64(),
                1 => (ulong)random.Next(AfuAddressMap.SizeInBytes + 4096),
                2 => ((ulong)client.Handle << 16) + (ulong)(random.Next(64) * 8),
                _ => AfuAddressMap.Global + (ulong)(random.Next(0x2000) * 8),
            };
            bool isTable = address is >= AfuAddressMap.Controls and < AfuAddressMap.Global
                && address % AfuAddressMap.ControlStride == SislCtrlMap.RhtStart;
            if (!isTable)
            {
                map.Read(address);
                map.Write(address, (ulong)random.NextInt64());
                client.Window.Wait();
            }
        }
    }

    private static ulong ReadGlobal(SimulatedAdapterFixture fixture, int offset) =>
        fixture.Adapter.Afu.Map.Read((ulong)(AfuAddressMap.Global + offset));

    private static void WriteGlobal(SimulatedAdapterFixture fixture, int offset, ulong value) =>
        fixture.Adapter.Afu.Map.Write((ulong)(AfuAddressMap.Global + offset), value);

    private static ulong ReadPort(SimulatedAdapterFixture fixture, int port, int offset) =>
        fixture.Adapter.Afu.Map.Read((ulong)(AfuAddressMap.FcPort(port) + offset));

    private static void WritePort(
        SimulatedAdapterFixture fixture, int port, int offset, ulong value) =>
        fixture.Adapter.Afu.Map.Write((ulong)(AfuAddressMap.FcPort(port) + offset), value);

    private static ulong ReadControl(SimulatedAdapterFixture fixture, int handle, int offset) =>
        fixture.Adapter.Afu.Map.Read(ControlAddress(handle, offset));

    private static void WriteControl(
        SimulatedAdapterFixture fixture, int handle, int offset, ulong value) =>
        fixture.Adapter.Afu.Map.Write(ControlAddress(handle, offset), value);

    private static ulong ControlAddress(int handle, int offset) =>
        (ulong)(AfuAddressMap.Controls + (handle * AfuAddressMap.ControlStride) + offset);

    private static int TakeMasterInterrupt(AfuModel afu)
    {
        byte[] buffer = new byte[4096];
        Errno errno = afu.Master.Events.Read(buffer, out _);
        return errno == Errno.None ? BitConverter.ToUInt16(buffer, 10) : 0;
    }
}
