using FlashKV.Superpipe.Abi;

namespace FlashKV.SimBackend.Tests.Afu;

/// <summary>Ports that go down under commands in flight, and come back.</summary>
public sealed class PortLossTests
{
    [Theory]
    [InlineData(false, 0x57)]
    [InlineData(true, 0x54)]
    public void A_command_in_flight_gets_the_loss_and_a_later_one_no_channels(
        bool isTakenOffline, byte expected)
    {
        using BlockingMedium medium = new(65_536);
        using SimulatedAdapter adapter = new(new SimulatedAdapterOptions
        {
            Luns = [new SimulatedLunOptions(medium)],
            PortCount = 1,
        });
        using TestClient client = new TestClient(adapter).Attach();
        using AlignedMemory data = new(1);
        uint handle = client.OpenVirtual(1);
        ulong sent = client.Send(client.Command(ScsiOpcode.Read16, handle, 0, 1, data.Address));
        medium.Block();
        TestThread driver = new(client.Window.Wait);
        Assert.True(medium.WaitUntilBlocked());
        SetPort(adapter, isTakenOffline, isUp: false);
        medium.Unblock();
        driver.Join();
        Assert.Equal(sent, client.TryReceive(out SislIoasa ioasa));
        Assert.Equal((uint)expected << 24, ioasa.Ioasc);
        ioasa = client.Execute(ScsiOpcode.Read16, handle, 0, 1, data.Address);
        Assert.Equal((SislAfuRc.NoChannels, (byte)0b0001), (ioasa.AfuRc, ioasa.AfuExtra));
        SetPort(adapter, isTakenOffline, isUp: true);
        client.ExecuteGood(ScsiOpcode.Read16, handle, 0, 1, data.Address);
    }

    [Fact]
    public void The_loss_of_another_port_is_not_noticed()
    {
        using BlockingMedium medium = new(65_536);
        using SimulatedAdapter adapter = new(medium);
        using TestClient client = new TestClient(adapter).Attach();
        using AlignedMemory data = new(1);
        uint handle = client.OpenVirtual(1);
        ulong sent = client.Send(client.Command(ScsiOpcode.Read16, handle, 0, 1, data.Address));
        medium.Block();
        TestThread driver = new(client.Window.Wait);
        Assert.True(medium.WaitUntilBlocked());
        adapter.SetLink(1, isUp: false);
        medium.Unblock();
        driver.Join();
        Assert.Equal(sent, client.TryReceive(out SislIoasa ioasa));
        Assert.Equal((0u, (byte)0), (ioasa.Ioasc, ioasa.Port));
    }

    [Theory]
    [InlineData(0b0111, 3, 0)]
    [InlineData(0b1111, -1, 0b0011)]
    public void All_of_four_ports_are_tried(int down, int expectedPort, byte extra)
    {
        using SimulatedAdapterFixture fixture = new(ports: 4);
        TestClient client = fixture.Attached();
        uint handle = client.OpenVirtual(1);
        for (int port = 0; port < 4; port++)
        {
            fixture.Adapter.SetLink(port, (down & (1 << port)) == 0);
        }

        SislIoasa ioasa = client.Execute(
            ScsiOpcode.Read16, handle, 0, 1, fixture.Data.Address);
        Assert.Equal(
            expectedPort < 0 ? SislAfuRc.NoChannels : SislAfuRc.None, ioasa.AfuRc);
        Assert.Equal(extra, ioasa.AfuExtra);
        Assert.Equal(Math.Max(0, expectedPort), ioasa.Port);
    }

    private static void SetPort(SimulatedAdapter adapter, bool byRegister, bool isUp)
    {
        if (byRegister)
        {
            adapter.Afu.Map.Write(
                (ulong)(AfuAddressMap.FcPort(0) + SislFcPortRegisters.MtipCmdConfig),
                isUp ? SislFcPortRegisters.CmdConfigOnline
                    : SislFcPortRegisters.CmdConfigOffline);
        }
        else
        {
            adapter.SetLink(0, isUp);
        }
    }
}
