using FlashKV.Superpipe;
using FlashKV.Superpipe.Abi;

namespace FlashKV.SimBackend.Tests.Faults;

/// <summary>Faults of commands: every code, by count and by seeded chance.</summary>
public sealed class CommandFaultTests : IDisposable
{
    private const byte Read = ScsiOpcode.Read16;
    private const byte Write = ScsiOpcode.Write16;
    private readonly SimulatedAdapterFixture _fixture = new();
    private readonly TestClient _client;
    private readonly uint _handle;

    public CommandFaultTests()
    {
        _client = _fixture.Attached();
        _handle = _client.OpenVirtual(1);
    }

    public void Dispose() => _fixture.Dispose();

    [Theory]
    [InlineData(CommandFault.ReservationConflict, 0x00180000u, false)]
    [InlineData(CommandFault.NoLogin, 0x54000000u, true)]
    public void Further_faults_strike_as_they_say(
        CommandFault fault, uint ioasc, bool isExecuted)
    {
        _fixture.Data.Fill(1);
        _fixture.Adapter.InjectFault(fault);
        Assert.Equal(ioasc, Execute(Write).Ioasc);
        Assert.Equal(0u, Execute(Read, block: 1).Ioasc);
        Assert.Equal(
            isExecuted, _fixture.Data.Block(1).SequenceEqual(_fixture.Data.Block(0)));
    }

    [Theory]
    [InlineData("54 57 52 5A 5B 5C 58 59 53 55 56 5E", 3)]
    [InlineData("01 03 13 02 12 04 14 31 20 30 21 50 51 05 15 1A", 1)]
    [InlineData("08 28 18 02 04", 2)]
    public void Any_code_can_be_given_to_a_command(string codes, int place)
    {
        foreach (byte code in codes.Split(' ').Select(text => Convert.ToByte(text, 16)))
        {
            CommandEnding ending = place switch
            {
                1 => CommandEnding.Afu(code, 0x0A),
                2 => CommandEnding.Scsi(code),
                _ => CommandEnding.FibreChannel(code),
            };
            _fixture.Adapter.InjectFault(ending);
            SislIoasa ioasa = Execute(Read);
            Assert.Equal((uint)code << (place * 8), ioasa.Ioasc);
            Assert.Equal(place == 1 ? 0x0A : 0, ioasa.AfuExtra);
            Assert.Equal(0u, Execute(Read).Ioasc);
        }
    }

    [Fact]
    public void An_ending_carries_sense_flags_and_residue()
    {
        _fixture.Adapter.InjectFault(CommandEnding.Check(6, 0x3F, 0x0E));
        SislIoasa ioasa = Execute(Read);
        Assert.True(ScsiSense.TryParse(ioasa.SenseData, out ScsiSense sense));
        Assert.Equal(new ScsiSense(ScsiSenseKey.UnitAttention, 0x3F, 0x0E), sense);
        _fixture.Adapter.InjectFault(new CommandEnding
        {
            FibreChannelCode = 0x5A,
            Flags = 0x20,
            ResidualBytes = 512,
            IsExecuted = true,
        });
        _fixture.Data.Fill(3);
        ioasa = Execute(Write);
        Assert.Equal(
            (SislFcRc.Resid, SislIoasaFlags.Overrun, 512u),
            (ioasa.FcRc, ioasa.Flags, ioasa.Resid));
        Assert.Equal(0u, Execute(Read, block: 1).Ioasc);
        Assert.Equal(_fixture.Data.Block(0), _fixture.Data.Block(1));
    }

    [Fact]
    public void A_command_that_is_wrong_itself_says_so_all_the_same()
    {
        _fixture.Adapter.InjectFault(
            CommandEnding.FibreChannel(0x57) with { IsExecuted = true });
        SislIoarcb command = _client.Command(Read, _handle, 65_536, 1, _fixture.Data.Address);
        Assert.Equal(SislAfuRc.LxtOutOfBounds, _client.Execute(command).AfuRc);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(10)]
    [InlineData(100)]
    public void Chance_strikes_the_same_commands_with_the_same_seed(int oneIn)
    {
        int[] first = Struck(oneIn, seed: 7);
        int[] again = Struck(oneIn, seed: 7);
        int[] other = Struck(oneIn, seed: 8);
        Assert.Equal(first, again);
        Assert.InRange(first.Length, 1000 / oneIn / 2, 1000 / oneIn * 2);
        Assert.Equal(oneIn == 1, first.SequenceEqual(other));
    }

    [Theory]
    [InlineData(SubmissionMode.CommandRooms)]
    [InlineData(SubmissionMode.SubmissionQueue)]
    public void A_delayed_command_is_answered_after_later_ones(SubmissionMode mode)
    {
        using SimulatedAdapterFixture fixture = new(mode);
        TestClient client = fixture.Attached();
        uint handle = client.OpenVirtual(1);
        fixture.Adapter.InjectFault(CommandFault.Delay, commandsBefore: 1);
        ulong[] sent = [.. Enumerable.Range(0, 4).Select(lba => client.Send(
            client.Command(Read, handle, (ulong)lba, 1, fixture.Data.Address)))];
        ulong[] received = [.. Enumerable.Range(0, 4).Select(_ =>
        {
            ulong handle = client.TryReceive(out SislIoasa ioasa);
            Assert.Equal(0u, ioasa.Ioasc);
            return handle;
        })];
        Assert.Equal([sent[0], sent[2], sent[3], sent[1]], received);
        Assert.Equal(4, fixture.Adapter.GetStatistics().Commands);
    }

    [Fact]
    public void A_context_reset_forgets_delayed_commands()
    {
        _fixture.Data.Fill(5);
        _fixture.Adapter.InjectFault(CommandFault.Delay);
        _client.Send(_client.Command(Write, _handle, 3, 1, _fixture.Data.Address));
        _client.Window.Wait();
        _client.ResetContext();
        Assert.Equal(0ul, _client.TryReceive(out _));
        Assert.Equal(0u, Execute(Read, block: 1).Ioasc);
        Assert.True(_fixture.Data.Block(1).IndexOfAnyExcept((byte)0) < 0);
    }

    [Theory]
    [InlineData(Read, 0x02000000ul)]
    [InlineData(Write, 0ul)]
    public void A_bad_data_address_is_an_event_that_says_whether_it_was_a_store(
        byte opcode, ulong store)
    {
        _fixture.Adapter.InjectFault(CommandFault.BadDataAddress);
        SislIoasa ioasa = Execute(opcode);
        Assert.Equal(
            (SislAfuRc.DataDmaErr, (byte)SislAfuDmaExtra.InvalidEa),
            (ioasa.AfuRc, ioasa.AfuExtra));
        byte[] buffer = new byte[4096];
        Assert.Equal(
            Errno.None,
            _client.Transport.Read(_client.ContextDescriptor, buffer, out int length));
        Assert.Equal(40, length);
        Assert.Equal((ulong)_fixture.Data.Address, BitConverter.ToUInt64(buffer, 16));
        Assert.Equal(
            0x4000000040000000 | store, BitConverter.ToUInt64(buffer, 24));
    }

    [Fact]
    public void Bad_arguments_are_refused()
    {
        SimulatedAdapter adapter = _fixture.Adapter;
        Assert.Throws<ArgumentOutOfRangeException>(
            () => adapter.InjectFault((CommandFault)99));
        Assert.Throws<ArgumentOutOfRangeException>(
            () => adapter.InjectFaults(CommandFault.Busy, 0, 1));
        Assert.Throws<ArgumentOutOfRangeException>(
            () => adapter.InjectFaults(CommandEnding.Scsi(8), 0, 1));
        Assert.Throws<ArgumentOutOfRangeException>(
            () => adapter.InjectFault(CommandEnding.Check(16, 0)));
        Assert.Throws<ArgumentOutOfRangeException>(
            () => adapter.InjectFault(new CommandEnding { ResidualBytes = -1 }));
        Assert.Throws<ArgumentOutOfRangeException>(
            () => adapter.InjectFault(CommandEnding.Scsi(8), -1));
    }

    private int[] Struck(int oneIn, int seed)
    {
        _fixture.Adapter.InjectFaults(CommandFault.QueueFull, oneIn, seed);
        int[] struck = [.. Enumerable.Range(0, 1000).Where(_ => Execute(Read).Ioasc != 0)];
        _fixture.Adapter.ClearFaults();
        Assert.Equal(0u, Execute(Read).Ioasc);
        return struck;
    }

    private SislIoasa Execute(byte opcode, int block = 0) => _client.Execute(
        opcode, _handle, 3, 1, _fixture.Data.Address + (block * 4096));
}
