using FlashKV.SimBackend.Afu;
using FlashKV.Superpipe;
using FlashKV.Superpipe.Abi;

namespace FlashKV.SimBackend.Tests.Afu;

/// <summary>The checks that the AFU makes on commands (SP §4.11, §6.2), in both modes.</summary>
public abstract class CommandCheckTests : IDisposable
{
    private const byte Read = ScsiOpcode.Read16;
    private const byte Write = ScsiOpcode.Write16;
    private readonly List<SimulatedAdapterFixture> _fixtures = [];

    public static TheoryData<SubmissionMode> Modes =>
        [SubmissionMode.CommandRooms, SubmissionMode.SubmissionQueue];

    public static TheoryData<SubmissionMode, byte> ForbiddenOpcodes
    {
        get
        {
            TheoryData<SubmissionMode, byte> data = [];
            byte[] opcodes = [0xFA, 0x00, 0xA0, 0x9E, 0x12, 0x03, 0x1B, 0x5A, 0x55];
            foreach (byte opcode in opcodes)
            {
                data.Add(SubmissionMode.CommandRooms, opcode);
                data.Add(SubmissionMode.SubmissionQueue, opcode);
            }

            return data;
        }
    }

    /// <summary>Where the AFU finds the client's memory.</summary>
    private protected abstract ClientMemory Memory { get; }

    public void Dispose()
    {
        Dispose(isDisposing: true);
        GC.SuppressFinalize(this);
    }

    protected virtual void Dispose(bool isDisposing) =>
        _fixtures.ForEach(fixture => fixture.Dispose());

    [Theory]
    [MemberData(nameof(Modes))]
    public void A_block_is_written_and_read_back(SubmissionMode mode)
    {
        (TestClient client, AlignedMemory data) = Make(mode);
        uint handle = client.OpenVirtual(1);
        data.Fill(1);
        client.ExecuteGood(Write, handle, 77, 1, data.Address);
        client.ExecuteGood(Read, handle, 77, 1, data.Address + 4096);
        Assert.Equal(data.Block(0), data.Block(1));
    }

    [Theory]
    [MemberData(nameof(Modes))]
    public void Another_contexts_id_is_a_capability_violation(SubmissionMode mode)
    {
        (TestClient client, AlignedMemory data) = Make(mode);
        uint handle = client.OpenVirtual(1);
        SislIoarcb command = client.Command(Read, handle, 0, 1, data.Address);
        command.CtxId += 10;
        Expect(client.Execute(command), SislAfuRc.CapViolation);
    }

    [Theory]
    [MemberData(nameof(ForbiddenOpcodes))]
    public void Opcodes_that_neither_read_nor_write_are_a_capability_violation(
        SubmissionMode mode, byte opcode)
    {
        (TestClient client, AlignedMemory data) = Make(mode);
        uint handle = client.OpenVirtual(1);
        Expect(client.Execute(opcode, handle, 0, 1, data.Address), SislAfuRc.CapViolation);
    }

    [Theory]
    [MemberData(nameof(Modes))]
    public void Port_addressing_and_afu_commands_are_not_for_users(SubmissionMode mode)
    {
        (TestClient client, AlignedMemory data) = Make(mode);
        uint handle = client.OpenVirtual(1);
        foreach (SislReqFlags flags in new[]
        {
            SislReqFlags.None,
            SislReqFlags.ResHndl | SislReqFlags.AfuCmd,
            SislReqFlags.ResHndl | SislReqFlags.TmfCmd,
        })
        {
            SislIoarcb command = client.Command(Read, handle, 0, 1, data.Address);
            command.ReqFlags = flags;
            Expect(client.Execute(command), SislAfuRc.CapViolation);
        }
    }

    [Theory]
    [MemberData(nameof(Modes))]
    public void Without_a_handle_there_is_no_permission(SubmissionMode mode)
    {
        (TestClient client, AlignedMemory data) = Make(mode);
        Expect(client.Execute(Read, 0, 0, 1, data.Address), SislAfuRc.RhtRwPerm);
        uint handle = client.OpenVirtual(1);
        Expect(client.Execute(Read, handle + 2, 0, 1, data.Address), SislAfuRc.RhtRwPerm);
        Expect(client.Execute(Read, 256, 0, 1, data.Address), SislAfuRc.RhtOutOfBounds);
        Assert.Equal(Errno.None, client.Release(handle));
        Expect(client.Execute(Read, handle, 0, 1, data.Address), SislAfuRc.RhtRwPerm);
    }

    [Theory]
    [InlineData(SubmissionMode.CommandRooms, DeviceAccess.Read)]
    [InlineData(SubmissionMode.SubmissionQueue, DeviceAccess.Write)]
    public void Permissions_of_the_context_hold_for_both_kinds_of_lun(
        SubmissionMode mode, DeviceAccess access)
    {
        SimulatedAdapterFixture fixture = NewFixture(mode);
        TestClient client = fixture.Client().Attach(access);
        byte allowed = access == DeviceAccess.Read ? Read : Write;
        byte refused = access == DeviceAccess.Read ? Write : Read;
        uint handle = client.OpenVirtual(1);
        client.ExecuteGood(allowed, handle, 0, 1, fixture.Data.Address);
        Expect(
            client.Execute(refused, handle, 0, 1, fixture.Data.Address), SislAfuRc.RhtRwPerm);
        Assert.Equal(Errno.None, client.Release(handle));
        handle = client.OpenDirect();
        client.ExecuteGood(allowed, handle, 0, 1, fixture.Data.Address);
        Expect(
            client.Execute(refused, handle, 0, 1, fixture.Data.Address), SislAfuRc.RhtRwPerm);
    }

    [Theory]
    [MemberData(nameof(Modes))]
    public void Vlun_lba_beyond_the_size_is_out_of_bounds(SubmissionMode mode)
    {
        (TestClient client, AlignedMemory data) = Make(mode);
        uint handle = client.OpenVirtual(1);
        uint empty = client.OpenVirtual(0);
        client.ExecuteGood(Read, handle, 65_535, 1, data.Address);
        Expect(client.Execute(Read, handle, 65_536, 1, data.Address), SislAfuRc.LxtOutOfBounds);
        Expect(
            client.Execute(Read, handle, ulong.MaxValue, 1, data.Address),
            SislAfuRc.LxtOutOfBounds);
        Expect(client.Execute(Read, empty, 0, 1, data.Address), SislAfuRc.LxtOutOfBounds);
    }

    [Theory]
    [MemberData(nameof(Modes))]
    public void Vlun_commands_cover_one_block_only(SubmissionMode mode)
    {
        (TestClient client, AlignedMemory data) = Make(mode);
        uint handle = client.OpenVirtual(1);
        foreach (uint count in new uint[] { 2, 16, 4096, 8192 })
        {
            SislIoarcb command = client.Command(Read, handle, 0, count, data.Address);
            Expect(client.Execute(command), SislAfuRc.LxtOutOfBounds);
            command.DataLen = 4096;
            Expect(client.Execute(command), SislAfuRc.LxtOutOfBounds);
        }
    }

    [Theory]
    [MemberData(nameof(Modes))]
    public void Too_short_a_buffer_is_a_check_condition(SubmissionMode mode)
    {
        (TestClient client, AlignedMemory data) = Make(mode);
        uint handle = client.OpenVirtual(1);
        foreach (uint length in new uint[] { 2048, 0, 4095 })
        {
            SislIoarcb command = client.Command(Read, handle, 0, 1, data.Address);
            command.DataLen = length;
            ExpectCheck(client.Execute(command), ScsiSenseKey.IllegalRequest, 0x24);
        }
    }

    [Theory]
    [MemberData(nameof(Modes))]
    public void Plun_ranges_are_checked(SubmissionMode mode)
    {
        (TestClient client, AlignedMemory data) = Make(mode);
        uint handle = client.OpenDirect();
        ulong end = (8 * 65_536) + 7;
        client.ExecuteGood(Read, handle, end - 1, 1, data.Address);
        ExpectCheck(
            client.Execute(Read, handle, end, 1, data.Address),
            ScsiSenseKey.IllegalRequest, 0x21);
        ExpectCheck(
            client.Execute(Read, handle, end - 1, 2, data.Address),
            ScsiSenseKey.IllegalRequest, 0x21);
        ExpectCheck(
            client.Execute(Read, handle, ulong.MaxValue - 1, 2, data.Address),
            ScsiSenseKey.IllegalRequest, 0x21);
        client.ExecuteGood(Read, handle, 0, 0, data.Address);

        SislIoarcb overrun = client.Command(Read, handle, 0, 2, data.Address);
        overrun.DataLen = 4096;
        ExpectCheck(client.Execute(overrun), ScsiSenseKey.IllegalRequest, 0x24);
        SislIoarcb tooLong = client.Command(Read, handle, 0, 4097, data.Address);
        ExpectCheck(client.Execute(tooLong), ScsiSenseKey.IllegalRequest, 0x24);
    }

    [Theory]
    [MemberData(nameof(Modes))]
    public void Underrun_is_reported_with_its_residue_unless_suppressed(SubmissionMode mode)
    {
        (TestClient client, AlignedMemory data) = Make(mode);
        uint handle = client.OpenDirect();
        data.Fill(5);
        client.ExecuteGood(Write, handle, 3, 1, data.Address);
        SislIoarcb command = client.Command(Read, handle, 3, 1, data.Address + 4096);
        command.DataLen = 3 * 4096;
        SislIoasa ioasa = client.Execute(command);
        Assert.Equal(SislIoasaFlags.Underrun, ioasa.Flags);
        Assert.Equal(SislFcRc.Resid, ioasa.FcRc);
        Assert.Equal(8192u, ioasa.Resid);
        Assert.Equal(data.Block(0), data.Block(1));
        command.ReqFlags |= SislReqFlags.SupUnderrun;
        Assert.Equal(0u, client.Execute(command).Ioasc);
    }

    [Theory]
    [MemberData(nameof(Modes))]
    public void A_write_with_the_read_flag_is_aborted(SubmissionMode mode)
    {
        (TestClient client, AlignedMemory data) = Make(mode);
        uint handle = client.OpenVirtual(1);
        SislIoarcb command = client.Command(Write, handle, 0, 1, data.Address);
        command.ReqFlags &= ~SislReqFlags.HostWrite;
        Assert.Equal(SislFcRc.AbortOk, client.Execute(command).FcRc);
        command = client.Command(Read, handle, 0, 1, data.Address);
        command.ReqFlags |= SislReqFlags.HostWrite;
        Assert.Equal(SislFcRc.AbortOk, client.Execute(command).FcRc);
    }

    [Theory]
    [MemberData(nameof(Modes))]
    public void A_null_buffer_is_a_dma_error_and_an_event(SubmissionMode mode)
    {
        (TestClient client, _) = Make(mode);
        uint handle = client.OpenVirtual(1);
        foreach (nint address in new nint[] { 0, 0x1234 })
        {
            SislIoasa ioasa = client.Execute(Read, handle, 0, 1, address);
            Expect(ioasa, SislAfuRc.DataDmaErr);
            Assert.Equal((byte)SislAfuDmaExtra.InvalidEa, ioasa.AfuExtra);
            byte[] buffer = new byte[4096];
            Assert.Equal(
                Errno.None,
                client.Transport.Read(client.ContextDescriptor, buffer, out int length));
            Assert.Equal(CxlEventDataStorage.SizeInBytes, length);
            Assert.Equal(address, BitConverter.ToInt64(buffer, 16));
        }
    }

    [Theory]
    [MemberData(nameof(Modes))]
    public void Odd_buffer_addresses_are_fine(SubmissionMode mode)
    {
        (TestClient client, AlignedMemory data) = Make(mode);
        uint handle = client.OpenVirtual(1);
        data.Fill(9);
        for (int i = 1; i < 20; i++)
        {
            foreach (int step in new[] { 16, 128, 5 })
            {
                client.ExecuteGood(Write, handle, 5, 1, data.Address + (i * step));
                client.ExecuteGood(Read, handle, 5, 1, data.Address + (8 * 4096) + (i * step));
                Assert.Equal(
                    data.Bytes.Slice(i * step, 4096),
                    data.Bytes.Slice((8 * 4096) + (i * step), 4096));
            }
        }
    }

    [Theory]
    [MemberData(nameof(Modes))]
    public void Write_same_unmaps_zeros_and_repeats_other_blocks(SubmissionMode mode)
    {
        (TestClient client, AlignedMemory data) = Make(mode);
        uint handle = client.OpenDirect();
        data.Fill(3);
        client.ExecuteGood(Write, handle, 100, 32, data.Address);
        SislIoarcb pattern = client.Command(
            ScsiOpcode.WriteSame16, handle, 102, 200, data.Address, ScsiCdb.Unmap);
        pattern.DataLen = 4096;
        Assert.Equal(0u, client.Execute(pattern).Ioasc);
        client.ExecuteGood(Read, handle, 301, 1, data.Address + (40 * 4096));
        Assert.Equal(data.Block(0), data.Block(40));

        data.Block(41).Clear();
        SislIoarcb zeros = client.Command(
            ScsiOpcode.WriteSame16, handle, 102, 200, data.Address + (41 * 4096), ScsiCdb.Unmap);
        Assert.Equal(0u, client.Execute(zeros).Ioasc);
        client.ExecuteGood(Read, handle, 101, 4, data.Address + (42 * 4096));
        Assert.Equal(data.Block(1), data.Block(42));
        Assert.True(data.Block(43).IndexOfAnyExcept((byte)0) < 0);
        Assert.Equal(200 * 4096, StatisticsOf(client).BytesDiscarded);
    }

    [Theory]
    [MemberData(nameof(Modes))]
    public void Write_same_on_a_vlun_covers_one_block_and_needs_no_data(SubmissionMode mode)
    {
        (TestClient client, AlignedMemory data) = Make(mode);
        uint handle = client.OpenVirtual(1);
        data.Fill(3);
        client.ExecuteGood(Write, handle, 8, 1, data.Address);
        SislIoarcb command = client.Command(
            ScsiOpcode.WriteSame16, handle, 8, 1, 0, ScsiCdb.Unmap);
        command.DataLen = 0;
        Assert.Equal(0u, client.Execute(command).Ioasc);
        client.ExecuteGood(Read, handle, 8, 1, data.Address);
        Assert.True(data.Block(0).IndexOfAnyExcept((byte)0) < 0);
        Expect(
            client.Execute(ScsiOpcode.WriteSame16, handle, 8, 2, data.Address),
            SislAfuRc.LxtOutOfBounds);
    }

    [Theory]
    [MemberData(nameof(Modes))]
    public void Dead_ports_leave_no_channels_and_one_is_enough(SubmissionMode mode)
    {
        SimulatedAdapterFixture fixture = NewFixture(mode);
        TestClient client = fixture.Attached();
        uint handle = client.OpenVirtual(1);
        fixture.Adapter.SetLink(0, isUp: false);
        SislIoasa ioasa = client.Execute(Read, handle, 0, 1, fixture.Data.Address);
        Assert.Equal((0u, (byte)1), (ioasa.Ioasc, ioasa.Port));
        fixture.Adapter.SetLink(1, isUp: false);
        ioasa = client.Execute(Read, handle, 0, 1, fixture.Data.Address);
        Expect(ioasa, SislAfuRc.NoChannels);
        Assert.Equal(0b0011, ioasa.AfuExtra);
        fixture.Adapter.SetLink(0, isUp: true);
        client.ExecuteGood(Read, handle, 0, 1, fixture.Data.Address);
    }

    [Theory]
    [MemberData(nameof(Modes))]
    public void A_unit_attention_is_reported_once(SubmissionMode mode)
    {
        SimulatedAdapterFixture fixture = NewFixture(mode);
        TestClient client = fixture.Attached();
        uint handle = client.OpenVirtual(1);
        fixture.Adapter.InjectUnitAttention(0, 0x2A, 9);
        SislIoasa ioasa = client.Execute(Read, handle, 0, 1, fixture.Data.Address);
        ExpectCheck(ioasa, ScsiSenseKey.UnitAttention, 0x2A);
        Assert.Equal(9, ioasa.SenseData[13]);
        byte[] sense = ((ReadOnlySpan<byte>)ioasa.SenseData)[..18].ToArray();
        Assert.Equal(Errno.None, client.Verify(handle, out ulong lastLba, sense));
        Assert.Equal(65_535ul, lastLba);
        client.ExecuteGood(Read, handle, 0, 1, fixture.Data.Address);
    }

    [Theory]
    [InlineData(CommandFault.Busy, 0x00080000u, false)]
    [InlineData(CommandFault.QueueFull, 0x00280000u, false)]
    [InlineData(CommandFault.OutOfDataBuffers, 0x00003000u, false)]
    [InlineData(CommandFault.CheckCondition, 0x00020080u, false)]
    [InlineData(CommandFault.MediumError, 0x00020080u, false)]
    [InlineData(CommandFault.OutOfSpace, 0x00020080u, false)]
    [InlineData(CommandFault.ExchangeTimeout, 0x52000000u, false)]
    [InlineData(CommandFault.LinkDown, 0x57000000u, true)]
    public void Injected_faults_strike_the_chosen_command(
        CommandFault fault, uint ioasc, bool isExecuted)
    {
        SimulatedAdapterFixture fixture = NewFixture(SubmissionMode.CommandRooms);
        TestClient client = fixture.Attached();
        uint handle = client.OpenVirtual(1);
        AlignedMemory data = fixture.Data;
        data.Fill(1);
        fixture.Adapter.InjectFault(fault, commandsBefore: 2);
        client.ExecuteGood(Write, handle, 0, 1, data.Address);
        client.ExecuteGood(Write, handle, 1, 1, data.Address);
        Assert.Equal(ioasc, client.Execute(Write, handle, 2, 1, data.Address).Ioasc);
        client.ExecuteGood(Read, handle, 2, 1, data.Address + 4096);
        Assert.Equal(isExecuted, data.Block(1).SequenceEqual(data.Block(0)));
    }

    [Theory]
    [InlineData(CommandFault.LostResponse, true)]
    [InlineData(CommandFault.LostCommand, false)]
    public void A_lost_response_never_comes_and_a_context_reset_helps(
        CommandFault fault, bool isExecuted)
    {
        SimulatedAdapterFixture fixture = NewFixture(SubmissionMode.SubmissionQueue);
        TestClient client = fixture.Attached();
        uint handle = client.OpenVirtual(1);
        AlignedMemory data = fixture.Data;
        data.Fill(1);
        fixture.Adapter.InjectFault(fault);
        client.Send(client.Command(Write, handle, 2, 1, data.Address));
        Assert.Equal(0ul, client.TryReceive(out _));
        client.ResetContext();
        client.ExecuteGood(Read, handle, 2, 1, data.Address + 4096);
        Assert.Equal(isExecuted, data.Block(1).SequenceEqual(data.Block(0)));
    }

    private static void Expect(SislIoasa ioasa, SislAfuRc code)
    {
        Assert.Equal(code, ioasa.AfuRc);
        Assert.Equal(SislScsiRc.Good, ioasa.ScsiRc);
    }

    private static void ExpectCheck(SislIoasa ioasa, ScsiSenseKey key, byte asc)
    {
        Assert.Equal(SislScsiRc.Check, ioasa.ScsiRc);
        Assert.Equal(SislIoasaFlags.SenseValid, ioasa.Flags);
        Assert.True(ScsiSense.TryParse(ioasa.SenseData, out ScsiSense sense));
        Assert.Equal((key, asc), (sense.Key, sense.Asc));
    }

    private SimulatedAdapterStatistics StatisticsOf(TestClient client) =>
        _fixtures.Single(fixture => fixture.Owns(client)).Adapter.GetStatistics();

    private (TestClient Client, AlignedMemory Data) Make(SubmissionMode mode)
    {
        SimulatedAdapterFixture fixture = NewFixture(mode);
        return (fixture.Attached(), fixture.Data);
    }

    private SimulatedAdapterFixture NewFixture(SubmissionMode mode)
    {
        SimulatedAdapterFixture fixture = new(mode, memory: Memory);
        _fixtures.Add(fixture);
        return fixture;
    }
}
