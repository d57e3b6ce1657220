using FlashKV.Superpipe;
using FlashKV.Superpipe.Abi;

namespace FlashKV.SimBackend.Tests.Driver;

/// <summary>
/// Reset of the adapter and RECOVER_AFU (SP §3.5, §3.6; rows 21 to 28, 92 to 114).
/// </summary>
public sealed class RecoverTests
{
    private const byte Read = ScsiOpcode.Read16;
    private const byte Write = ScsiOpcode.Write16;

    [Theory]
    [InlineData(SubmissionMode.CommandRooms)]
    [InlineData(SubmissionMode.SubmissionQueue)]
    public void Handles_and_data_survive_a_reset(SubmissionMode mode)
    {
        using SimulatedAdapterFixture fixture = new(mode);
        TestClient client = fixture.Attached();
        uint handle = client.OpenVirtual(3 * 65_536);
        AlignedMemory data = fixture.Data;
        data.Fill(1);
        client.ExecuteGood(Write, handle, 131_072, 1, data.Address);
        ulong oldId = client.ContextId;
        fixture.Adapter.Reset();
        Assert.Equal(ulong.MaxValue, client.Window.Read(SislHostMap.CmdRoom));
        Assert.Equal(ulong.MaxValue, client.Window.Read(SislHostMap.IntrStatus));
        client.Recover();
        Assert.NotEqual(oldId, client.ContextId);
        Assert.Equal(new ContextId(oldId).Generation, new ContextId(client.ContextId).Generation);
        client.ExecuteGood(Read, handle, 131_072, 1, data.Address + 4096);
        Assert.Equal(data.Block(0), data.Block(1));
        Assert.Equal(Errno.None, client.Resize(handle, 6 * 65_536, out _));
        client.Leave();
        Assert.Equal(0, fixture.Adapter.Driver.ContextCount);
        Assert.Equal(0, fixture.Adapter.Driver.DescriptorCount);
    }

    [Fact]
    public void Without_a_reset_nothing_changes()
    {
        using SimulatedAdapterFixture fixture = new();
        TestClient client = fixture.Attached();
        Assert.Equal(Errno.None, client.TryRecover(out DkCxlflashRecoverAfu recovered));
        Assert.Equal(DkCxlflashReturnFlags.None, recovered.Hdr.ReturnFlags);
        Assert.Equal(client.ContextId, recovered.ContextId);
        Assert.Equal((0ul, 0ul), (recovered.AdapFd, recovered.MmioSize));
    }

    [Fact]
    public void Dcrc_detached_ctx_and_stale_ids_are_refused()
    {
        using SimulatedAdapterFixture fixture = new();
        TestClient client = fixture.Attached();
        ulong old = client.ContextId;
        fixture.Adapter.Reset();
        client.Recover();
        Assert.Equal(Errno.InvalidArgument, client.TryRecover(out _, old));
        Assert.Equal(Errno.None, client.Detach());
        Assert.Equal(Errno.InvalidArgument, client.TryRecover(out _));
    }

    [Fact]
    public void In_error_some_ioctls_work_and_some_do_not()
    {
        using SimulatedAdapterFixture fixture = new(luns: 2);
        TestClient client = fixture.Attached();
        uint handle = client.OpenVirtual(3 * 65_536);
        uint other = client.OpenVirtual(3 * 65_536);
        fixture.Adapter.Reset();
        Assert.Equal(Errno.InvalidArgument, client.Verify(handle, out _));
        Assert.Equal(Errno.InvalidArgument, client.TryOpenVirtual(1, out _));
        TestClient second = fixture.Client(path: "/dev/sg1");
        Assert.Equal(Errno.InvalidArgument, second.TryAttach(out _, reuse: client.ContextId));
        Assert.Equal(Errno.None, client.Resize(handle, 65_536, out ulong lastLba));
        Assert.Equal(65_535ul, lastLba);
        Assert.Equal(Errno.None, client.Release(other));
        Assert.Equal(7, fixture.Adapter.Driver.ChunksOf(0)!.FreeCount);
        client.Recover();
        Assert.Equal(Errno.None, client.Verify(handle, out lastLba));
        Assert.Equal(65_535ul, lastLba);
    }

    [Fact]
    public void A_context_in_error_can_be_detached()
    {
        using SimulatedAdapterFixture fixture = new();
        TestClient client = fixture.Attached();
        client.OpenVirtual(1);
        fixture.Adapter.Reset();
        client.Leave();
        Assert.Equal(0, fixture.Adapter.Driver.ContextCount);
        Assert.Null(fixture.Adapter.Driver.ChunksOf(0));
    }

    [Fact]
    public void Events_of_a_lost_context_are_an_error()
    {
        using SimulatedAdapterFixture fixture = new();
        TestClient client = fixture.Attached();
        fixture.Adapter.Reset();
        Assert.Equal(
            Errno.InputOutput,
            client.Transport.Poll(client.ContextDescriptor, 0, out _));
        Assert.Equal(
            Errno.InputOutput,
            client.Transport.Read(client.ContextDescriptor, new byte[4096], out _));
    }

    [Fact]
    public void All_contexts_recover_after_resets_in_a_row()
    {
        using SimulatedAdapterFixture fixture = new();
        TestClient[] clients = [.. Enumerable.Range(0, 5).Select(_ => fixture.Attached())];
        uint[] handles = [.. clients.Select(client => client.OpenVirtual(1))];
        for (int i = 0; i < 5; i++)
        {
            fixture.Data.Fill(i);
            clients[i].ExecuteGood(Write, handles[i], 9, 1, fixture.Data.Address);
        }

        for (int round = 0; round < 3; round++)
        {
            fixture.Adapter.Reset();
            fixture.Adapter.Reset();
            Array.ForEach(clients, client => client.Recover());
        }

        for (int i = 0; i < 5; i++)
        {
            fixture.Data.Fill(i);
            clients[i].ExecuteGood(Read, handles[i], 9, 1, fixture.Data.Address + (32 * 4096));
            Assert.Equal(fixture.Data.Block(0), fixture.Data.Block(32));
        }

        Assert.Equal(6, fixture.Adapter.GetStatistics().Resets);
    }

    [Fact]
    public void The_first_command_after_a_reset_reports_it()
    {
        using SimulatedAdapterFixture fixture = new(reportsResets: true);
        TestClient client = fixture.Attached();
        uint handle = client.OpenVirtual(1);
        fixture.Adapter.Reset();
        client.Recover();
        SislIoasa ioasa = client.Execute(Read, handle, 0, 1, fixture.Data.Address);
        Assert.True(ScsiSense.TryParse(ioasa.SenseData, out ScsiSense sense));
        Assert.Equal(ScsiSense.ResetOccurred, sense);
        client.ExecuteGood(Read, handle, 0, 1, fixture.Data.Address);
    }

    [Fact]
    public void A_failed_adapter_lets_contexts_go_and_nothing_else()
    {
        using SimulatedAdapterFixture fixture = new();
        TestClient client = fixture.Attached();
        uint handle = client.OpenVirtual(1);
        fixture.Adapter.Fail();
        Assert.Equal(ulong.MaxValue, client.Window.Read(SislHostMap.CmdRoom));
        Assert.Equal(Errno.NoDevice, client.TryRecover(out _));
        Assert.Equal(Errno.NoDevice, client.TryAttach(out _));
        Assert.Equal(Errno.NoDevice, client.Verify(handle, out _));
        Assert.Equal(Errno.None, client.Resize(handle, 0, out _));
        Assert.Equal(Errno.None, client.Release(handle));
        Assert.Equal(Errno.None, client.Detach());
    }

    [Fact]
    public void Recovery_waits_until_the_last_transfer_has_left_the_clients_memory()
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
        adapter.Reset();
        Assert.Equal(ulong.MaxValue, client.Window.Read(SislHostMap.CmdRoom));
        bool isRecovered = false;
        TestThread recovery = new(() =>
        {
            client.Recover();
            Volatile.Write(ref isRecovered, true);
        });
        Assert.False(SpinWait.SpinUntil(() => Volatile.Read(ref isRecovered), 200));
        medium.Unblock();
        driver.Join();
        recovery.Join();
        data.Bytes.Fill(0x5A);
        Assert.Equal(0ul, client.TryReceive(out _));
        Assert.Equal(0x5A, data.Bytes[17]);
    }

    [Fact]
    public void A_medium_may_reset_the_adapter_in_the_middle_of_a_transfer()
    {
        using BlockingMedium medium = new(65_536);
        using SimulatedAdapter adapter = new(medium);
        using TestClient client = new TestClient(adapter).Attach();
        using AlignedMemory data = new(1);
        uint handle = client.OpenVirtual(1);
        medium.OnTransfer = adapter.Reset;
        client.Send(client.Command(Read, handle, 0, 1, data.Address));
        Assert.Equal(0ul, client.TryReceive(out _));
        Assert.Equal(ulong.MaxValue, client.Window.Read(SislHostMap.CmdRoom));
        medium.OnTransfer = null;
        client.Recover();
        client.Execute(Read, handle, 0, 1, data.Address);
        client.ExecuteGood(Read, handle, 0, 1, data.Address);
    }

    [Fact]
    public void Resets_under_load_leave_each_block_old_or_new_and_recover_always()
    {
        using SimulatedAdapterFixture fixture = new();
        TestClient client = fixture.Attached();
        uint handle = client.OpenVirtual(1);
        AlignedMemory data = fixture.Data;
        bool isDone = false;
        int resets = 0;
        TestThread resetting = new(() =>
        {
            SpinWait spin = default;
            while (!Volatile.Read(ref isDone))
            {
                fixture.Adapter.Reset();
                Volatile.Write(ref resets, resets + 1);
                spin.SpinOnce();
            }
        });
        int answered = 0;
        for (int i = 1; answered < 1000 || Volatile.Read(ref resets) < 20; i++)
        {
            data.Block(0).Fill((byte)i);
            client.Send(client.Command(Write, handle, (ulong)i % 64, 1, data.Address));
            answered += client.TryReceive(out SislIoasa ioasa, waits: 2) != 0 ? 1 : 0;
            Assert.Equal(0u, ioasa.Ioasc);
            if (client.Window.Read(SislHostMap.CmdRoom) == ulong.MaxValue)
            {
                client.Recover();
            }

            Assert.True(i < 10_000_000, "hardly any command is answered");
        }

        Volatile.Write(ref isDone, true);
        resetting.Join();
    }
}
