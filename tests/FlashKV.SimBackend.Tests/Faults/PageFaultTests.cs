using FlashKV.SimBackend.Afu;
using FlashKV.Superpipe.Abi;

namespace FlashKV.SimBackend.Tests.Faults;

/// <summary>
/// Pages that the AFU needs and that are not in memory, or addresses that are bad: for data and
/// tables the status of the command says so, for the rest an interrupt does (SP §4.5, §4.7).
/// </summary>
public sealed class PageFaultTests : IDisposable
{
    private const byte Read = ScsiOpcode.Read16;
    private const byte Write = ScsiOpcode.Write16;

    private readonly List<SimulatedAdapterFixture> _fixtures = [];

    public static TheoryData<CommandFault, SubmissionMode> All
    {
        get
        {
            TheoryData<CommandFault, SubmissionMode> all = [];
            foreach (SubmissionMode mode in Enum.GetValues<SubmissionMode>())
            {
                all.Add(CommandFault.PageFault, mode);
                for (CommandFault fault = CommandFault.HandlePageFault;
                    fault <= CommandFault.ResponsePageFault; fault++)
                {
                    all.Add(fault, mode);
                }
            }

            return all;
        }
    }

    public void Dispose() => _fixtures.ForEach(fixture => fixture.Dispose());

    [Theory]
    [MemberData(nameof(All))]
    public void An_afu_that_retries_by_itself_lets_nobody_notice(
        CommandFault fault, SubmissionMode mode)
    {
        (SimulatedAdapterFixture fixture, TestClient client, uint handle) = Attached(mode);
        fixture.Adapter.InjectFault(fault);
        client.ExecuteGood(Read, handle, 3, 1, fixture.Data.Address);
        Assert.Equal(0ul, client.Window.Read(SislHostMap.IntrStatus));
    }

    [Theory]
    [InlineData(CommandFault.PageFault, 0x0800ul, 0x31)]
    [InlineData(CommandFault.HandlePageFault, 0x1000ul, 0x04)]
    [InlineData(CommandFault.TranslationPageFault, 0x2000ul, 0x14)]
    public void A_page_of_data_or_tables_is_told_by_the_status_where_its_retry_is_off(
        CommandFault fault, ulong retry, byte expected)
    {
        foreach (SubmissionMode mode in Enum.GetValues<SubmissionMode>())
        {
            (SimulatedAdapterFixture fixture, TestClient client, uint handle) = Attached(mode);
            fixture.Data.Fill(1);
            TurnOff(fixture, retry);
            fixture.Adapter.InjectFault(fault);
            SislIoasa ioasa = client.Execute(Write, handle, 3, 1, fixture.Data.Address);
            Assert.Equal(
                (expected, (byte)SislAfuDmaExtra.PageIn), ((byte)ioasa.AfuRc, ioasa.AfuExtra));
            Assert.Equal(0ul, client.Window.Read(SislHostMap.IntrStatus));

            // It was not executed, and works when it is sent again.
            client.ExecuteGood(Read, handle, 3, 1, fixture.Data.Address + 4096);
            Assert.True(fixture.Data.Block(1).IndexOfAnyExcept((byte)0) < 0);
            client.ExecuteGood(Write, handle, 3, 1, fixture.Data.Address);
        }
    }

    [Theory]
    [InlineData(CommandFault.CommandPageFault, 0x4000ul, false, false)]
    [InlineData(CommandFault.StatusPageFault, 0x0200ul, true, false)]
    [InlineData(CommandFault.ResponsePageFault, 0x0100ul, true, true)]
    public void A_page_of_command_status_or_response_is_told_by_an_interrupt(
        CommandFault fault, ulong retry, bool isExecuted, bool hasStatus)
    {
        foreach (SubmissionMode mode in Enum.GetValues<SubmissionMode>())
        {
            (SimulatedAdapterFixture fixture, TestClient client, uint handle) = Attached(mode);
            fixture.Data.Fill(1);
            TurnOff(fixture, retry);
            fixture.Adapter.InjectFault(fault);
            ulong sent = client.Send(
                client.Command(Write, handle, 3, 1, fixture.Data.Address));
            Assert.Equal(0ul, client.TryReceive(out _, waits: 20));
            Assert.Equal(
                (ulong)SislSyncInterrupts.TempErrPageIn,
                client.Window.Read(SislHostMap.IntrStatus));
            Assert.Equal(SislLisn.SyncError, TakeInterrupt(client));
            Assert.Equal(hasStatus ? 0 : uint.MaxValue, client.IoasaOf(sent).Ioasc);

            // An error that passes: the context goes on.
            client.ExecuteGood(Read, handle, 3, 1, fixture.Data.Address + 4096);
            Assert.Equal(
                isExecuted, fixture.Data.Block(1).SequenceEqual(fixture.Data.Block(0)));
        }
    }

    [Theory]
    [InlineData(CommandFault.BadHandleAddress, 0x04)]
    [InlineData(CommandFault.BadTranslationAddress, 0x14)]
    public void A_bad_address_of_a_table_is_told_by_the_status(CommandFault fault, byte expected)
    {
        (SimulatedAdapterFixture fixture, TestClient client, uint handle) =
            Attached(SubmissionMode.CommandRooms);
        fixture.Adapter.InjectFault(fault);
        SislIoasa ioasa = client.Execute(Read, handle, 3, 1, fixture.Data.Address);
        Assert.Equal(
            (expected, (byte)SislAfuDmaExtra.InvalidEa), ((byte)ioasa.AfuRc, ioasa.AfuExtra));
        client.ExecuteGood(Read, handle, 3, 1, fixture.Data.Address);
    }

    [Fact]
    public void A_physical_lun_has_no_translations_to_miss()
    {
        (SimulatedAdapterFixture fixture, TestClient client, uint handle) =
            Attached(SubmissionMode.CommandRooms);
        client.Release(handle);
        handle = client.OpenDirect();
        TurnOff(fixture, (ulong)SislAfuConfig.AutoRetryLxt);
        fixture.Adapter.InjectFault(CommandFault.TranslationPageFault);
        fixture.Adapter.InjectFault(CommandFault.BadTranslationAddress, 1);
        client.ExecuteGood(Read, handle, 3, 1, fixture.Data.Address);
        client.ExecuteGood(Read, handle, 3, 1, fixture.Data.Address);
    }

    private (SimulatedAdapterFixture Fixture, TestClient Client, uint Handle) Attached(
        SubmissionMode mode)
    {
        SimulatedAdapterFixture fixture = new(mode, chunks: 1);
        _fixtures.Add(fixture);
        TestClient client = fixture.Attached();
        return (fixture, client, client.OpenVirtual(1));
    }

    private static void TurnOff(SimulatedAdapterFixture fixture, ulong retry)
    {
        ulong config = (ulong)(AfuAddressMap.Global + SislGlobalRegisters.AfuConfig);
        AfuRegisterMap map = fixture.Adapter.Afu.Map;
        map.Write(config, map.Read(config) & ~retry);
    }

    private static int TakeInterrupt(TestClient client)
    {
        byte[] buffer = new byte[4096];
        client.Transport.Read(client.ContextDescriptor, buffer, out int length);
        return length == CxlEventAfuInterrupt.SizeInBytes ? BitConverter.ToUInt16(buffer, 10) : 0;
    }
}
