using FlashKV.Superpipe;
using FlashKV.Superpipe.Abi;

namespace FlashKV.SimBackend.Tests.Afu;

/// <summary>
/// The rows of SP §6.2 in which something changes while commands are on their way, and those on
/// sizes of transfers and mappings.
/// </summary>
public sealed class CommandsDuringChangesTests : IDisposable
{
    private readonly List<SimulatedAdapterFixture> _fixtures = [];

    public static TheoryData<SubmissionMode> Modes =>
        [SubmissionMode.CommandRooms, SubmissionMode.SubmissionQueue];

    public void Dispose() => _fixtures.ForEach(fixture => fixture.Dispose());

    [Theory]
    [MemberData(nameof(Modes))]
    public void Close_handle_during_io_ends_commands_with_05_or_13(SubmissionMode mode)
    {
        (SimulatedAdapterFixture fixture, TestClient client) = Make(mode);
        uint handle = client.OpenVirtual(1);
        client.Send(Read(client, handle, fixture));
        Assert.Equal(Errno.None, client.Release(handle));
        Assert.NotEqual(0ul, client.TryReceive(out SislIoasa ioasa));
        Assert.Contains(
            ioasa.AfuRc, new[] { SislAfuRc.RhtRwPerm, SislAfuRc.LxtOutOfBounds });
    }

    [Theory]
    [MemberData(nameof(Modes))]
    public void Detach_during_io_answers_no_more(SubmissionMode mode)
    {
        (SimulatedAdapterFixture fixture, TestClient client) = Make(mode);
        uint handle = client.OpenVirtual(1);
        client.Send(Read(client, handle, fixture));
        Assert.Equal(Errno.None, client.Detach());
        Assert.Equal(0ul, client.TryReceive(out _));
        Assert.Equal(ulong.MaxValue, client.Window.Read(SislHostMap.IntrStatus));
    }

    [Theory]
    [MemberData(nameof(Modes))]
    public void Close_fd1_during_io_does_not_matter(SubmissionMode mode)
    {
        (SimulatedAdapterFixture fixture, TestClient client) = Make(mode);
        uint handle = client.OpenVirtual(1);
        client.Send(Read(client, handle, fixture));
        Assert.Equal(Errno.None, client.Transport.Close(client.Device));
        Assert.NotEqual(0ul, client.TryReceive(out SislIoasa ioasa));
        Assert.Equal(0u, ioasa.Ioasc);
    }

    [Theory]
    [MemberData(nameof(Modes))]
    public void Port_off_and_on_during_io_recovers(SubmissionMode mode)
    {
        (SimulatedAdapterFixture fixture, TestClient client) = Make(mode);
        uint handle = client.OpenDirect();
        client.Send(Read(client, handle, fixture));
        fixture.Adapter.SetLink(0, isUp: false);
        Assert.NotEqual(0ul, client.TryReceive(out SislIoasa ioasa));
        Assert.Equal(SislAfuRc.NoChannels, ioasa.AfuRc);
        fixture.Adapter.SetLink(0, isUp: true);
        Assert.Equal(0u, client.Execute(Read(client, handle, fixture)).Ioasc);
    }

    [Theory]
    [InlineData(0x10001)]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(long.MaxValue)]
    public void Mmap_of_another_size_than_the_windows_fails(long length)
    {
        (_, TestClient client) = Make(SubmissionMode.CommandRooms);
        Assert.Equal(
            Errno.InvalidArgument, client.Transport.Map(client.ContextDescriptor, length, out _));
    }

    [Theory]
    [MemberData(nameof(Modes))]
    public void Registers_beyond_the_window_read_nothing(SubmissionMode mode)
    {
        (_, TestClient client) = Make(mode);
        client.Window.Write(CxlflashLimits.MmioSize, 1);
        Assert.Equal(0ul, client.Window.Read(CxlflashLimits.MmioSize));
    }

    [Theory]
    [MemberData(nameof(Modes))]
    public void Vlun_transfers_of_more_than_4_KiB_fail(SubmissionMode mode)
    {
        (SimulatedAdapterFixture fixture, TestClient client) = Make(mode);
        uint handle = client.OpenVirtual(65_536);
        foreach (uint bytes in new uint[] { 32 << 20, 16 << 20, 64 << 10, 8 << 10 })
        {
            SislIoarcb command = client.Command(
                ScsiOpcode.Read16, handle, 0, bytes / 4096, fixture.Data.Address);
            Assert.NotEqual(0u, client.Execute(command).Ioasc);
        }

        Assert.Equal(0u, client.Execute(Read(client, handle, fixture)).Ioasc);
    }

    [Theory]
    [MemberData(nameof(Modes))]
    public void Plun_transfers_of_16_MiB_are_good_and_beyond_the_end_02(SubmissionMode mode)
    {
        (SimulatedAdapterFixture fixture, TestClient client) = Make(mode);
        using AlignedMemory data = new(4096);
        uint handle = client.OpenDirect();
        client.ExecuteGood(ScsiOpcode.Read16, handle, 0, 4096, data.Address);
        ulong end = (ulong)fixture.Media[0].BlockCount;
        Assert.Equal(
            SislScsiRc.Check,
            client.Execute(ScsiOpcode.Read16, handle, end - 4095, 4096, data.Address).ScsiRc);
    }

    [Theory]
    [MemberData(nameof(Modes))]
    public void Handles_one_and_sixteen_beyond_are_05_or_03(SubmissionMode mode)
    {
        (SimulatedAdapterFixture fixture, TestClient client) = Make(mode);
        uint handle = client.OpenVirtual(1);
        foreach (uint beyond in new uint[] { 1, 2, 16, 1000 })
        {
            Assert.Contains(
                client.Execute(Read(client, handle + beyond, fixture)).AfuRc,
                new[] { SislAfuRc.RhtRwPerm, SislAfuRc.RhtOutOfBounds });
        }
    }

    private static SislIoarcb Read(
        TestClient client, uint handle, SimulatedAdapterFixture fixture) =>
        client.Command(ScsiOpcode.Read16, handle, 0, 1, fixture.Data.Address);

    private (SimulatedAdapterFixture Fixture, TestClient Client) Make(SubmissionMode mode)
    {
        SimulatedAdapterFixture fixture = new(mode);
        _fixtures.Add(fixture);
        return (fixture, fixture.Attached());
    }
}
