using FlashKV.SimBackend.Driver;
using FlashKV.Superpipe;
using FlashKV.Superpipe.Abi;

namespace FlashKV.SimBackend.Tests.Driver;

/// <summary>What the driver does about interrupts of the ports (SP §4.5, §3.12).</summary>
public sealed class LinkResetTests
{
    private const int ChunkBlocks = 65_536;

    [Theory]
    [InlineData(PortEvent.OtherError, 1, true)]
    [InlineData(PortEvent.LoggedOut, 0, false)]
    [InlineData(PortEvent.CrcErrors, 1, false)]
    [InlineData(PortEvent.LoginTimedOut, 1, false)]
    [InlineData(PortEvent.LoginFailed, 0, true)]
    [InlineData(PortEvent.LoginSucceeded, 0, false)]
    public void Each_event_has_the_answer_of_the_original(
        PortEvent portEvent, int resets, bool clears)
    {
        for (int port = 0; port < 4; port++)
        {
            using SimulatedAdapterFixture fixture = new(ports: 4, chunks: 1);
            AdapterDriver driver = fixture.Adapter.Driver;
            fixture.Adapter.Afu.Port(port).NoteErrors(0x70);
            fixture.Adapter.SignalPortEvent(port, portEvent);
            driver.WaitForWork();
            Assert.Equal(resets, driver.LinkResetCount);
            Assert.Equal(
                clears ? (0ul, 0ul) : (0x70ul, 0x70ul),
                (ReadPort(fixture, port, SislFcPortRegisters.Error),
                    ReadPort(fixture, port, SislFcPortRegisters.ErrCap)));
            Assert.Equal(
                0ul, fixture.Adapter.Afu.Registers.Read(SislGlobalRegisters.AintrStatus));
            Assert.Equal(0b1111, fixture.Adapter.Afu.UsablePorts);
        }
    }

    [Fact]
    public void Masked_interrupts_are_answered_when_they_are_uncovered()
    {
        using SimulatedAdapterFixture fixture = new(chunks: 1);
        AdapterDriver driver = fixture.Adapter.Driver;
        fixture.Adapter.Afu.Registers.Write(SislGlobalRegisters.AintrMask, ulong.MaxValue);
        fixture.Adapter.SignalPortEvent(1, PortEvent.CrcErrors);
        driver.WaitForWork();
        Assert.Equal(0, driver.LinkResetCount);
        fixture.Adapter.Afu.Registers.Write(SislGlobalRegisters.AintrMask, 0);
        driver.WaitForWork();
        Assert.Equal(1, driver.LinkResetCount);
        Assert.Throws<ArgumentOutOfRangeException>(
            () => fixture.Adapter.SignalPortEvent(2, PortEvent.CrcErrors));
        Assert.Throws<ArgumentOutOfRangeException>(
            () => fixture.Adapter.SignalPortEvent(0, (PortEvent)6));
    }

    [Theory]
    [InlineData(SubmissionMode.CommandRooms, 1)]
    [InlineData(SubmissionMode.SubmissionQueue, 1)]
    [InlineData(SubmissionMode.CommandRooms, 2)]
    [InlineData(SubmissionMode.SubmissionQueue, 2)]
    [InlineData(SubmissionMode.CommandRooms, 4)]
    [InlineData(SubmissionMode.SubmissionQueue, 4)]
    public void A_command_in_flight_ends_well_and_later_ones_take_another_port(
        SubmissionMode mode, int ports)
    {
        using BlockingMedium medium = new(ChunkBlocks);
        using SimulatedAdapterFixture fixture = new(mode, media: [medium], ports: ports);
        TestClient client = fixture.Attached();
        TestClient other = fixture.Attached(200);
        uint handle = client.OpenVirtual(ChunkBlocks);
        uint second = other.OpenVirtual(0);
        medium.Block();
        ulong sent = client.Send(
            client.Command(ScsiOpcode.Read16, handle, 7, 1, fixture.Data.Address));
        TestThread transfer = new(client.Window.Wait);
        Assert.True(medium.WaitUntilBlocked());

        fixture.Adapter.SignalPortEvent(0, PortEvent.LoginTimedOut);
        Assert.True(SpinWait.SpinUntil(
            () => (fixture.Adapter.Afu.UsablePorts & 1) == 0, 20_000));

        // The global sync waits for the command. The port is out of use, but online; ioctls and
        // other contexts go on.
        Assert.Equal(Errno.None, fixture.Adapter.Driver.ReadAttribute("port0", out string text));
        Assert.Equal("online\n", text);
        Assert.Equal(Errno.None, other.Verify(second, out _));
        Assert.Equal(Errno.None, other.Release(second));
        Assert.Equal(
            (ulong)(((1 << ports) - 1) & ~1),
            fixture.Adapter.Afu.Registers.Read(SislGlobalRegisters.AfuPortSel));
        medium.Unblock();
        transfer.Join();
        Assert.Equal(sent, client.TryReceive(out SislIoasa ioasa));
        Assert.Equal((0u, (byte)0), (ioasa.Ioasc, ioasa.Port));
        fixture.Adapter.Driver.WaitForWork();
        Assert.Equal(1, fixture.Adapter.Driver.LinkResetCount);
        Assert.Equal((1 << ports) - 1, fixture.Adapter.Afu.UsablePorts);
        client.ExecuteGood(ScsiOpcode.Read16, handle, 7, 1, fixture.Data.Address);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(4)]
    public void Contexts_handles_attributes_and_counters_stay(int ports)
    {
        using SimulatedAdapterFixture fixture = new(ports: ports);
        AdapterDriver driver = fixture.Adapter.Driver;
        TestClient client = fixture.Attached();
        uint handle = client.OpenVirtual(3 * ChunkBlocks);
        fixture.Adapter.Afu.Port(0)[SislFcPortRegisters.CntCrcErr] = 101;
        fixture.Data.Fill(3);
        client.ExecuteGood(ScsiOpcode.Write16, handle, 7, 1, fixture.Data.Address);
        string[] names =
        [
            .. Enumerable.Range(0, ports).SelectMany(port =>
                new[] { $"port{port}", $"port{port}_lun_table" }),
            "lun_mode", "num_hwqs",
        ];
        string[] before = [.. names.Select(Read)];
        SimulatedAdapterStatistics done = fixture.Adapter.GetStatistics();
        for (int port = 0; port < ports; port++)
        {
            fixture.Adapter.SignalPortEvent(port, PortEvent.CrcErrors);
        }

        driver.WaitForWork();
        Assert.Equal(ports, driver.LinkResetCount);
        Assert.Equal(before, names.Select(Read));
        Assert.Equal(101ul, ReadPort(fixture, 0, SislFcPortRegisters.CntCrcErr));
        Assert.Equal(done, fixture.Adapter.GetStatistics());
        Assert.Equal((1, 1), (driver.ContextCount, driver.HandleCount));
        Assert.Equal(Errno.None, client.TryRecover(out DkCxlflashRecoverAfu recovered));
        Assert.Equal(DkCxlflashReturnFlags.None, recovered.Hdr.ReturnFlags);
        client.ExecuteGood(ScsiOpcode.Read16, handle, 7, 1, fixture.Data.Address + 4096);
        Assert.Equal(fixture.Data.Block(0), fixture.Data.Block(1));

        string Read(string name)
        {
            Assert.Equal(Errno.None, driver.ReadAttribute(name, out string text));
            return text;
        }
    }

    [Fact]
    public void A_link_is_not_reset_while_the_adapter_is()
    {
        using SimulatedAdapterFixture fixture = new(chunks: 1);
        AdapterDriver driver = fixture.Adapter.Driver;
        driver.BeginReset();
        fixture.Adapter.SignalPortEvent(0, PortEvent.CrcErrors);
        driver.WaitForWork();
        driver.EndReset();
        Assert.Equal(0, driver.LinkResetCount);
        fixture.Adapter.SignalPortEvent(0, PortEvent.CrcErrors);
        driver.WaitForWork();
        Assert.Equal(1, driver.LinkResetCount);
    }

    [Fact]
    public void A_sync_that_fails_does_not_keep_the_port_out_of_use()
    {
        using SimulatedAdapterFixture fixture = new(chunks: 1);
        AdapterDriver driver = fixture.Adapter.Driver;
        driver.InjectSyncFault(Errno.InputOutput);
        driver.InjectSyncFault(Errno.TryAgain);
        fixture.Adapter.SignalPortEvent(1, PortEvent.OtherError);
        driver.WaitForWork();
        Assert.Equal(0b11, fixture.Adapter.Afu.UsablePorts);

        // A context reset that fails as well resets the adapter.
        driver.InjectOutcome(AfuCommandOutcome.TimeoutAndResetFails);
        fixture.Adapter.SignalPortEvent(1, PortEvent.OtherError);
        driver.WaitForWork();
        Assert.Equal((1, 0b11), (driver.ResetCount, fixture.Adapter.Afu.UsablePorts));
    }

    [Fact]
    public void A_login_makes_the_driver_look_for_luns()
    {
        using SimulatedAdapterFixture fixture = new(chunks: 1);
        AdapterDriver driver = fixture.Adapter.Driver;
        using SuperpipeHost host = SuperpipeHost.Open(
            fixture.Adapter.Transport, "/dev/cxlflash/cxlflash0");
        int before = driver.Devices.Count;
        host.CreateLun(1, 10);
        fixture.Adapter.SetLink(1, isUp: false);
        driver.WaitForWork();
        Assert.Equal(before, driver.Devices.Count);
        fixture.Adapter.SetLink(1, isUp: true);
        driver.WaitForWork();
        Assert.Equal(before + 1, driver.Devices.Count);
    }

    private static ulong ReadPort(SimulatedAdapterFixture fixture, int port, int offset) =>
        fixture.Adapter.Afu.Port(port).Read(offset);
}
