using System.Buffers.Binary;
using FlashKV.SimBackend.Afu;
using FlashKV.Superpipe.Abi;

namespace FlashKV.SimBackend.Tests.Afu;

/// <summary>What a context with the driver's capabilities may send (SP §4.3, §4.8).</summary>
public sealed class MasterCommandTests : IDisposable
{
    private readonly SimulatedAdapterFixture _fixture = new();
    private readonly TestClient _client;

    public MasterCommandTests()
    {
        _client = _fixture.Attached();
        GiveCapabilities(SislCtxCap.Master);
    }

    public void Dispose() => _fixture.Dispose();

    [Theory]
    [InlineData(0x88, 0ul)]
    [InlineData(0x8A, 1ul)]
    [InlineData(0x00, 3ul)]
    public void Each_capability_lets_its_commands_through_and_no_others(
        byte opcode, ulong tooLittle)
    {
        uint handle = _client.OpenDirect();
        GiveCapabilities((SislCtxCap)tooLittle);
        SislIoarcb command = _client.Command(opcode, handle, 0, 1, _fixture.Data.Address);
        Assert.Equal(SislAfuRc.CapViolation, _client.Execute(command).AfuRc);
        GiveCapabilities(SislCtxCap.Master);
        Assert.Equal(0u, _client.Execute(command).Ioasc);
    }

    [Fact]
    public void Blocks_are_reached_by_port_and_lun_id()
    {
        uint handle = _client.OpenDirect();
        _fixture.Data.Fill(1);
        SislIoarcb write = ByPort(
            _client.Command(ScsiOpcode.Write16, 0b10, 5, 1, _fixture.Data.Address));
        SislIoasa ioasa = _client.Execute(write);
        Assert.Equal((0u, (byte)1), (ioasa.Ioasc, ioasa.Port));
        _client.ExecuteGood(
            ScsiOpcode.Read16, handle, 5, 1, _fixture.Data.Address + 4096);
        Assert.Equal(_fixture.Data.Block(0), _fixture.Data.Block(1));
        write.LunId = 9UL << 48;
        Assert.Equal(0x25, _client.Execute(write).SenseData[12]);
        write.ResHndl = 0;
        Assert.Equal(SislAfuRc.NoChannels, _client.Execute(write).AfuRc);
    }

    [Fact]
    public void Information_is_given_in_the_form_of_its_command()
    {
        SislIoarcb command = ByPort(
            _client.Command(ScsiOpcode.Read16, 1, 0, 0, _fixture.Data.Address));
        command.DataLen = 32;
        ScsiCdb.WriteReadCapacity16(command.Cdb, 32);
        Assert.Equal(0u, _client.Execute(command).Ioasc);
        Assert.Equal(
            (ulong)_fixture.Media[0].BlockCount - 1,
            BinaryPrimitives.ReadUInt64BigEndian(_fixture.Data.Bytes));
        Assert.Equal(4096u, BinaryPrimitives.ReadUInt32BigEndian(_fixture.Data.Bytes[8..]));
        command.Cdb[0] = 0x12;
        Assert.Equal(0x20, _client.Execute(command).SenseData[12]);
    }

    [Fact]
    public void A_lun_reset_is_a_unit_attention()
    {
        SislIoarcb command = ByPort(
            _client.Command(SislAfuCommand.TmfLunReset, 1, 0, 0, _fixture.Data.Address));
        command.ReqFlags |= SislReqFlags.TmfCmd;
        Assert.Equal(0u, _client.Execute(command).Ioasc);
        uint handle = _client.OpenDirect();
        Assert.Equal(
            0x29,
            _client.Execute(ScsiOpcode.Read16, handle, 0, 1, _fixture.Data.Address)
                .SenseData[12]);
    }

    [Theory]
    [InlineData(SislAfuCommand.LightSync, 0u)]
    [InlineData(SislAfuCommand.HeavySync, 0u)]
    [InlineData(SislAfuCommand.GlobalSync, 0u)]
    [InlineData(3, 0x020080u)]
    public void Syncs_are_executed(byte mode, uint ioasc)
    {
        TestClient other = _fixture.Attached(process: 101);
        SislIoarcb command = AfuCommand();
        SislAfuCommand.WriteSync(command.Cdb, mode, other.Handle, 0);
        Assert.Equal(ioasc, _client.Execute(command).Ioasc);
    }

    [Fact]
    public void A_heavy_sync_waits_for_commands_in_flight()
    {
        using BlockingMedium medium = new(65_536);
        using SimulatedAdapter adapter = new(medium);
        using TestClient client = new TestClient(adapter).Attach();
        using AlignedMemory data = new(1);
        uint handle = client.OpenVirtual(1);
        client.Send(client.Command(ScsiOpcode.Read16, handle, 0, 1, data.Address));
        medium.Block();
        TestThread driver = new(client.Window.Wait);
        Assert.True(medium.WaitUntilBlocked());
        SislIoarcb command = default;
        command.ReqFlags = SislReqFlags.AfuCmd | SislReqFlags.TimeoutMilliseconds;
        SislAfuCommand.WriteSync(command.Cdb, SislAfuCommand.LightSync, client.Handle, handle);
        Assert.True(adapter.Afu.Commands.Execute(in command, sender: 0).IsGood);
        SislAfuCommand.WriteSync(command.Cdb, SislAfuCommand.HeavySync, client.Handle, handle);
        Assert.Equal(
            SislAfuRc.TimedOut, adapter.Afu.Commands.Execute(in command, sender: 0).AfuRc);
        medium.Unblock();
        driver.Join();
        Assert.True(adapter.Afu.Commands.Execute(in command, sender: 0).IsGood);
        Assert.NotEqual(0ul, client.TryReceive(out _));
    }

    [Fact]
    public void Luns_are_made_used_and_deleted_by_command()
    {
        SislIoarcb command = AfuCommand();
        SislAfuCommand.WriteLunProvision(command.Cdb, SislAfuCommand.ProvisionCreate, 1, 100);
        SislIoasa ioasa = _client.Execute(command);
        Assert.Equal(0u, ioasa.Ioasc);
        SislIoasaProvision made = AbiBytes.As<SislIoasa, SislIoasaProvision>(ref ioasa);
        ulong lunId = ((ulong)made.LunIdHi << 32) | made.LunIdLo;
        Assert.Equal(0x60, made.Wwid[0]);
        Assert.Equal((1ul, 100ul), Counters(1));
        Assert.Equal((0ul, 0ul), Counters(0));

        SislIoarcb write = ByPort(
            _client.Command(ScsiOpcode.Write16, 0b10, 99, 1, _fixture.Data.Address));
        write.LunId = lunId;
        Assert.Equal(0u, _client.Execute(write).Ioasc);
        write.ResHndl = 0b01;
        Assert.Equal(0x25, _client.Execute(write).SenseData[12]);

        command.LunId = lunId;
        SislAfuCommand.WriteLunProvision(command.Cdb, SislAfuCommand.ProvisionDelete, 1, 0);
        Assert.Equal(0u, _client.Execute(command).Ioasc);
        Assert.Equal(SislScsiRc.Check, _client.Execute(command).ScsiRc);
        Assert.Equal((0ul, 0ul), Counters(1));
    }

    [Theory]
    [InlineData(0, 0ul)]
    [InlineData(0, 0x10_0001ul)]
    [InlineData(2, 1ul)]
    [InlineData(255, ulong.MaxValue)]
    public void A_lun_that_cannot_be_made_is_refused(byte port, ulong blocks)
    {
        SislIoarcb command = AfuCommand();
        SislAfuCommand.WriteLunProvision(
            command.Cdb, SislAfuCommand.ProvisionCreate, port, blocks);
        Assert.Equal(SislScsiRc.Check, _client.Execute(command).ScsiRc);
        Assert.Equal((0ul, 0ul), Counters(0));
    }

    [Fact]
    public void A_debug_command_reads_the_version()
    {
        SislIoarcb command = AfuCommand();
        command.Cdb[0] = SislAfuCommand.Debug;
        command.DataEa = (ulong)_fixture.Data.Address;
        command.DataLen = 8;
        Assert.Equal(0u, _client.Execute(command).Ioasc);
        Assert.Equal("FLASHKV1"u8, _fixture.Data.Bytes[..8]);
        command.Cdb[0] = 0xF0;
        Assert.Equal(SislAfuRc.CapViolation, _client.Execute(command).AfuRc);
    }

    private static SislIoarcb ByPort(SislIoarcb command)
    {
        command.ReqFlags &= ~SislReqFlags.ResHndl;
        command.ReqFlags |= SislReqFlags.SupUnderrun;
        return command;
    }

    private SislIoarcb AfuCommand()
    {
        SislIoarcb command = _client.Command(ScsiOpcode.Read16, 0, 0, 0, 0);
        command.ReqFlags = SislReqFlags.AfuCmd;
        command.Timeout = 5;
        return command;
    }

    private (ulong Luns, ulong Blocks) Counters(int port)
    {
        ulong registers = (ulong)AfuAddressMap.FcPort(port);
        AfuRegisterMap map = _fixture.Adapter.Afu.Map;
        return (map.Read(registers + SislFcPortRegisters.CurNumLuns),
            map.Read(registers + SislFcPortRegisters.CurCapPort));
    }

    private void GiveCapabilities(SislCtxCap capabilities)
    {
        ControlMap control = _fixture.Adapter.Afu.FindContext(_client.Handle)!.Control;
        control.Read(SislCtrlMap.MboxR);
        control.Write(SislCtrlMap.CtxCap, (ulong)capabilities);
    }
}
