using FlashKV.SimBackend.Afu;
using FlashKV.Superpipe;
using FlashKV.Superpipe.Abi;

namespace FlashKV.SimBackend.Tests.Afu;

/// <summary>Rooms, rings, interrupts and the reset of a context (SP §4.5, §4.9).</summary>
public sealed class QueueTests
{
    private const byte Read = ScsiOpcode.Read16;

    [Theory]
    [InlineData(SubmissionMode.CommandRooms)]
    [InlineData(SubmissionMode.SubmissionQueue)]
    public void The_toggle_flips_at_every_wrap(SubmissionMode mode)
    {
        using SimulatedAdapterFixture fixture = new(mode);
        TestClient client = fixture.Attached();
        uint handle = client.OpenVirtual(1);
        for (int i = 0; i < 5 * TestClient.Slots; i++)
        {
            client.ExecuteGood(Read, handle, (ulong)i, 1, fixture.Data.Address);
        }
    }

    [Fact]
    public void Rooms_are_taken_by_sending_and_come_back_by_fetching()
    {
        using SimulatedAdapterFixture fixture = new(rooms: 20);
        TestClient client = fixture.Attached();
        uint handle = client.OpenVirtual(1);
        Assert.Equal(20ul, client.Window.Read(SislHostMap.CmdRoom));
        for (int i = 0; i < 5; i++)
        {
            client.Send(client.Command(Read, handle, 0, 1, fixture.Data.Address));
        }

        Assert.Equal(15ul, client.Window.Read(SislHostMap.CmdRoom));
        for (int i = 0; i < 5; i++)
        {
            Assert.NotEqual(0ul, client.TryReceive(out _));
        }

        Assert.Equal(20ul, client.Window.Read(SislHostMap.CmdRoom));
    }

    [Fact]
    public void A_full_queue_is_worked_off_without_anybody_waiting()
    {
        using SimulatedAdapterFixture fixture = new(rooms: 20);
        TestClient client = fixture.Attached();
        uint handle = client.OpenVirtual(1);
        for (int i = 0; i < 20; i++)
        {
            Assert.NotEqual(0ul, client.Window.Read(SislHostMap.CmdRoom));
            client.Send(client.Command(Read, handle, 0, 1, fixture.Data.Address));
        }

        for (int i = 0; i < 20; i++)
        {
            Assert.NotEqual(0ul, client.TryReceive(out _, waits: 0));
        }
    }

    [Fact]
    public void A_full_submission_ring_is_worked_off_without_anybody_waiting()
    {
        using SimulatedAdapterFixture fixture = new(SubmissionMode.SubmissionQueue);
        TestClient client = fixture.Attached();
        uint handle = client.OpenVirtual(1);
        for (int i = 0; i < TestClient.Slots - 1; i++)
        {
            client.Send(client.Command(Read, handle, 0, 1, fixture.Data.Address));
        }

        for (int i = 0; i < TestClient.Slots - 1; i++)
        {
            Assert.NotEqual(0ul, client.TryReceive(out _, waits: 0));
        }
    }

    [Theory]
    [InlineData(1, 16)]
    [InlineData(16, 16)]
    [InlineData(20, 20)]
    public void More_commands_than_rooms_are_an_interrupt_but_sixteen_are_always_taken(
        int rooms, int taken)
    {
        using MemoryMedium medium = new(16);
        AfuModel afu = new(
            [new AfuTarget(0, medium, 1)], 1, SubmissionMode.CommandRooms, rooms);
        AfuContext context = afu.CreateContext(
            7, new ContextEvents(7), ClientMemory.Local);
        Assert.True(context.TryCloseLanes(0));
        for (int i = 0; i < taken; i++)
        {
            context.Write(SislHostMap.Ioarrin, 0x10_0000);
            Assert.Equal(0ul, context.Read(SislHostMap.IntrStatus));
        }

        Assert.Equal(0ul, context.Read(SislHostMap.CmdRoom));
        context.Write(SislHostMap.Ioarrin, 0x10_0000);
        Assert.Equal(
            (ulong)SislSyncInterrupts.PermErrCmdRoom, context.Read(SislHostMap.IntrStatus));
    }

    [Fact]
    public void A_bad_ioarcb_address_is_an_interrupt_and_an_event()
    {
        using SimulatedAdapterFixture fixture = new();
        TestClient client = fixture.Attached();
        client.Window.Write(SislHostMap.Ioarrin, 0x1000);
        client.Window.Wait();
        ExpectInterrupt(client, SislSyncInterrupts.PermErrRcbRead);
        client.Window.Write(SislHostMap.Ioarrin, (ulong)fixture.Data.Address + 8);
        client.Window.Wait();
        ExpectInterrupt(client, SislSyncInterrupts.PermErrRcbRead);
        client.Window.Write(SislHostMap.Ioarrin, 0);
        ExpectInterrupt(client, SislSyncInterrupts.PermErrRcbRead);
    }

    [Fact]
    public void A_bad_ioasa_or_ring_address_is_an_interrupt_and_an_event()
    {
        using SimulatedAdapterFixture fixture = new(SubmissionMode.SubmissionQueue);
        TestClient client = fixture.Attached();
        uint handle = client.OpenVirtual(1);
        client.Window.Write(SislHostMap.SqTail, (ulong)fixture.Data.Address);
        ExpectInterrupt(client, SislSyncInterrupts.PermErrRcbRead);
        client.Window.Write(SislHostMap.RrqStart, 0);
        client.Send(client.Command(Read, handle, 0, 1, fixture.Data.Address));
        client.Window.Wait();
        ExpectInterrupt(client, SislSyncInterrupts.PermErrRrqWrite);
    }

    [Fact]
    public void A_masked_interrupt_sets_the_status_and_raises_no_event()
    {
        using SimulatedAdapterFixture fixture = new();
        TestClient client = fixture.Attached();
        client.Window.Write(SislHostMap.IntrMask, ulong.MaxValue);
        client.Window.Write(SislHostMap.Ioarrin, 0);
        Assert.Equal(8ul, client.Window.Read(SislHostMap.IntrStatus));
        Assert.Equal(
            Errno.None,
            client.Transport.Poll(client.ContextDescriptor, 0, out bool readable));
        Assert.False(readable);
        Assert.Equal(
            Errno.TryAgain,
            client.Transport.Read(client.ContextDescriptor, new byte[4096], out _));
        Assert.Equal(
            Errno.InvalidArgument,
            client.Transport.Read(client.ContextDescriptor, new byte[4095], out _));
    }

    [Fact]
    public void The_msi_of_a_command_raises_its_interrupt()
    {
        using SimulatedAdapterFixture fixture = new();
        TestClient client = fixture.Attached();
        uint handle = client.OpenVirtual(1);
        SislIoarcb command = client.Command(Read, handle, 0, 1, fixture.Data.Address);
        command.Msi = SislLisn.RrqUpdated;
        Assert.Equal(0u, client.Execute(command).Ioasc);
        Assert.Equal(SislLisn.RrqUpdated, ReadInterrupt(client));
    }

    [Fact]
    public void Poll_wakes_up_for_an_event()
    {
        using SimulatedAdapterFixture fixture = new();
        TestClient client = fixture.Attached();
        TestThread polling = new(() =>
        {
            Errno errno = client.Transport.Poll(
                client.ContextDescriptor, 30_000, out bool readable);
            Assert.Equal((Errno.None, true), (errno, readable));
        });
        client.Window.Write(SislHostMap.Ioarrin, 0);
        polling.Join();
    }

    [Theory]
    [InlineData(SubmissionMode.CommandRooms)]
    [InlineData(SubmissionMode.SubmissionQueue)]
    public void A_context_reset_drops_what_is_queued(SubmissionMode mode)
    {
        using SimulatedAdapterFixture fixture = new(mode);
        TestClient client = fixture.Attached();
        uint handle = client.OpenVirtual(1);
        fixture.Data.Bytes.Fill(0xAB);
        for (int i = 0; i < 10; i++)
        {
            client.Send(client.Command(Read, handle, 0, 1, fixture.Data.Address));
        }

        client.ResetContext();
        Assert.Equal(0ul, client.TryReceive(out _));
        Assert.Equal(0xAB, fixture.Data.Bytes[0]);
        Assert.Equal(512ul, client.Window.Read(SislHostMap.CmdRoom));
        client.ExecuteGood(Read, handle, 0, 1, fixture.Data.Address);
    }

    [Fact]
    public void A_context_reset_waits_for_the_transfer_under_way_and_keeps_its_answer_back()
    {
        using BlockingMedium medium = new(65_536);
        using SimulatedAdapter adapter = new(medium);
        using TestClient client = new TestClient(adapter).Attach();
        using AlignedMemory data = new(1);
        uint handle = client.OpenVirtual(1);
        client.Send(client.Command(Read, handle, 0, 1, data.Address));
        medium.Block();
        TestThread driver = new(client.Window.Wait);
        Assert.True(medium.WaitUntilBlocked());
        client.Window.Write(SislHostMap.Ioarrin, 1);
        Assert.Equal(1ul, client.Window.Read(SislHostMap.Ioarrin));
        medium.Unblock();
        driver.Join();
        Assert.Equal(0ul, client.Window.Read(SislHostMap.Ioarrin));
        Assert.Equal(0ul, client.TryReceive(out _));
    }

    [Fact]
    public void A_slow_transfer_of_one_thread_does_not_hold_up_another()
    {
        using BlockingMedium medium = new(65_536);
        using SimulatedAdapter adapter = new(medium);
        using TestClient client = new TestClient(adapter).Attach();
        using AlignedMemory data = new(2);
        uint handle = client.OpenVirtual(1);
        ulong slow = client.Send(client.Command(Read, handle, 0, 1, data.Address));
        medium.Block();
        TestThread driver = new(client.Window.Wait);
        Assert.True(medium.WaitUntilBlocked());
        ulong quick = client.Send(client.Command(Read, handle, 1, 1, data.Address + 4096));
        Assert.Equal(quick, client.TryReceive(out _));
        medium.Unblock();
        driver.Join();
        Assert.Equal(slow, client.TryReceive(out _));
    }

    private static void ExpectInterrupt(TestClient client, SislSyncInterrupts bits)
    {
        Assert.Equal((ulong)bits, client.Window.Read(SislHostMap.IntrStatus));
        client.Window.Write(SislHostMap.IntrClear, (ulong)bits);
        Assert.Equal(0ul, client.Window.Read(SislHostMap.IntrStatus));
        Assert.Equal(SislLisn.SyncError, ReadInterrupt(client));
    }

    private static int ReadInterrupt(TestClient client)
    {
        byte[] buffer = new byte[4096];
        Assert.Equal(
            Errno.None,
            client.Transport.Poll(client.ContextDescriptor, 0, out bool readable));
        Assert.True(readable);
        Assert.Equal(
            Errno.None, client.Transport.Read(client.ContextDescriptor, buffer, out int length));
        Assert.Equal(CxlEventAfuInterrupt.SizeInBytes, length);
        Assert.Equal((ushort)CxlEventType.AfuInterrupt, BitConverter.ToUInt16(buffer, 0));
        Assert.Equal(length, BitConverter.ToUInt16(buffer, 2));
        Assert.Equal(client.Handle, BitConverter.ToUInt16(buffer, 4));
        return BitConverter.ToUInt16(buffer, 10);
    }
}
