using FlashKV.SimBackend.Driver;
using FlashKV.Superpipe;
using FlashKV.Superpipe.Abi;

namespace FlashKV.SimBackend.Tests.Driver;

/// <summary>
/// Ioctls that wait for a medium which is slow or hangs: who has to wait with them, and who not
/// (SP §3.1, §3.7).
/// </summary>
public sealed class DriverLockTests : IDisposable
{
    private const int ChunkBlocks = 65_536;
    private const int Hung = 100;
    private const int Other = 200;

    private readonly BlockingMedium _medium = new(8 * ChunkBlocks);
    private readonly MemoryMedium _second = new(8 * ChunkBlocks);
    private readonly AlignedMemory _data = new(8);
    private readonly List<TestClient> _clients = [];
    private readonly SimulatedHost _host;

    public DriverLockTests() => _host = new SimulatedHost(new SimulatedHostOptions
    {
        Adapters =
        [
            new SimulatedAdapterOptions
            {
                Luns = [new SimulatedLunOptions(_medium), new SimulatedLunOptions(_second)],
                ReportsResets = false,
            },
            new SimulatedAdapterOptions { Luns = [new SimulatedLunOptions(_second)] },
        ],
    });

    private SimulatedAdapter Adapter => _host.Adapters[0];

    private AdapterDriver Driver => Adapter.Driver;

    public void Dispose()
    {
        _medium.Unblock();
        _host.Dispose();
        _clients.ForEach(client => client.Dispose());
        _medium.Dispose();
        _second.Dispose();
        _data.Dispose();
    }

    [Fact]
    public void An_ioctl_on_a_context_with_a_hung_transfer_holds_up_no_other_context()
    {
        TestClient hung = Attached(Hung);
        uint handle = hung.OpenVirtual(ChunkBlocks);
        TestThread transfer = HangTransfer(hung, handle);
        Errno resized = Errno.Interrupted;
        TestThread resize = new(
            () => resized = hung.Resize(handle, 2 * ChunkBlocks, out _));
        Driver.WaitForBlockedCallers(1);

        // Of the same LUN, of another LUN, on another adapter; of all kinds.
        UseAll(Attached(Other));
        UseAll(Attached(Other + 1, Adapter.DevicePaths[1]));
        UseAll(Attached(Other + 2, _host.Adapters[1].DevicePaths[0]));
        Assert.Equal(Errno.None, hung.Process.Duplicate(hung.Device, out int duplicate));
        Assert.Equal(Errno.None, hung.Process.Close(duplicate));
        Assert.Equal(Errno.Interrupted, resized);

        _medium.Unblock();
        resize.Join();
        transfer.Join();
        Assert.Equal(Errno.None, resized);
        Assert.Equal(Errno.None, hung.Resize(handle, ChunkBlocks, out ulong lastLba));
        Assert.Equal((ulong)ChunkBlocks - 1, lastLba);
    }

    [Fact]
    public void Another_ioctl_on_the_same_context_waits_for_the_first()
    {
        TestClient hung = Attached(Hung);
        uint handle = hung.OpenVirtual(ChunkBlocks);
        TestThread transfer = HangTransfer(hung, handle);
        Errno released = Errno.Interrupted;
        TestThread release = new(() => released = hung.Release(handle));
        Driver.WaitForBlockedCallers(1);
        Errno verified = Errno.Interrupted;
        TestThread verify = new(() => verified = hung.Verify(handle, out _));
        Errno opened = Errno.Interrupted;
        TestThread open = new(() => opened = hung.TryOpenVirtual(ChunkBlocks, out _));
        UseAll(Attached(Other));
        Assert.Equal((Errno.Interrupted, Errno.Interrupted), (verified, opened));

        _medium.Unblock();
        release.Join();
        verify.Join();
        open.Join();
        transfer.Join();

        // VERIFY came before the handle went, or after it.
        Assert.Equal((Errno.None, Errno.None), (released, opened));
        Assert.True(verified is Errno.None or Errno.InvalidArgument, $"{verified}");
        Assert.Equal(1, Driver.HandleCount);
    }

    [Fact]
    public void A_last_close_or_an_exit_with_a_hung_transfer_holds_up_nobody()
    {
        TestClient hung = Attached(Hung);
        uint handle = hung.OpenVirtual(ChunkBlocks);
        TestThread transfer = HangTransfer(hung, handle);
        TestThread exit = new(hung.Process.Exit);
        Driver.WaitForBlockedCallers(1);
        UseAll(Attached(Other));
        Assert.Equal(1, Driver.ContextCount);
        _medium.Unblock();
        exit.Join();
        transfer.Join();
        Assert.Equal((0, 0), (Driver.ContextCount, Driver.HandleCount));
        Assert.Null(Driver.ChunksOf(0));
    }

    [Fact]
    public void A_recovery_that_waits_for_a_hung_transfer_lets_others_recover()
    {
        TestClient hung = Attached(Hung);
        TestClient other = Attached(Other, Adapter.DevicePaths[1]);
        uint handle = hung.OpenVirtual(ChunkBlocks);
        uint direct = other.OpenDirect();
        TestThread transfer = HangTransfer(hung, handle);
        Adapter.Reset();
        TestThread recovery = new(hung.Recover);
        Driver.WaitForBlockedCallers(1);
        other.Recover();
        other.ExecuteGood(ScsiOpcode.Read16, direct, 5, 1, _data.Address);
        Assert.Equal(1, Driver.ContextCount - 1);
        _medium.Unblock();
        recovery.Join();
        transfer.Join();
        hung.ExecuteGood(ScsiOpcode.Read16, handle, 5, 1, _data.Address);
    }

    [Fact]
    public void A_reset_while_an_ioctl_waits_is_not_lost()
    {
        TestClient hung = Attached(Hung);
        uint handle = hung.OpenVirtual(ChunkBlocks);
        TestThread transfer = HangTransfer(hung, handle);
        Errno opened = Errno.Interrupted;
        TestThread open = new(() => opened = hung.TryOpenVirtual(ChunkBlocks, out _));
        Driver.WaitForBlockedCallers(1);
        Adapter.Reset();
        _medium.Unblock();
        open.Join();
        transfer.Join();

        // USER_VIRTUAL does not find a context in error (SP §3.6).
        Assert.Equal(Errno.InvalidArgument, opened);
        Assert.Equal(1, Driver.HandleCount);
        hung.Recover();
        hung.ExecuteGood(ScsiOpcode.Read16, handle, 5, 1, _data.Address);
    }

    [Fact]
    public void A_slow_scrub_holds_up_only_who_wants_chunks_of_the_same_lun()
    {
        TestClient scrubbing = Attached(Hung);
        uint scrubbed = scrubbing.OpenVirtual(ChunkBlocks, scrub: true);
        TestClient other = Attached(Other);
        uint kept = other.OpenVirtual(ChunkBlocks);
        _medium.Block();
        Errno released = Errno.Interrupted;
        TestThread release = new(() => released = scrubbing.Release(scrubbed));
        Assert.True(_medium.WaitUntilBlocked());
        Driver.WaitForBlockedCallers(1);

        // The context is not there meanwhile (SP §3.7), for whatever.
        Assert.Equal(Errno.InvalidArgument, scrubbing.Verify(scrubbed, out _));
        Assert.Equal(Errno.InvalidArgument, scrubbing.TryOpenVirtual(0, out _));
        Assert.Equal(Errno.InvalidArgument, scrubbing.TryRecover(out _));
        Assert.Equal(
            Errno.InputOutput,
            scrubbing.Transport.Map(scrubbing.ContextDescriptor, 0x10000, out _));

        // What needs no chunk of the LUN goes on, and so does I/O.
        Assert.Equal(Errno.None, other.Verify(kept, out _));
        Assert.Equal(Errno.None, other.Resize(kept, ChunkBlocks, out _));
        other.ExecuteGood(ScsiOpcode.Write16, kept, 5, 1, _data.Address);
        UseAll(Attached(Other + 1, Adapter.DevicePaths[1]));
        Errno grown = Errno.Interrupted;
        TestThread grow = new(() => grown = other.Resize(kept, 3 * ChunkBlocks, out _));
        UseAll(Attached(Other + 2, Adapter.DevicePaths[1]));
        Assert.Equal(Errno.Interrupted, grown);

        _medium.Unblock();
        release.Join();
        grow.Join();
        Assert.Equal((Errno.None, Errno.None), (released, grown));
        Assert.Equal(5, Driver.ChunksOf(0)!.FreeCount);
        Assert.Equal(Errno.None, scrubbing.TryOpenVirtual(0, out _));
    }

    [Fact]
    public void An_adapter_that_ends_waits_for_ioctls_that_wait()
    {
        TestClient hung = Attached(Hung);
        uint handle = hung.OpenVirtual(ChunkBlocks);
        TestThread transfer = HangTransfer(hung, handle);
        Errno resized = Errno.Interrupted;
        TestThread resize = new(
            () => resized = hung.Resize(handle, 2 * ChunkBlocks, out _));
        Driver.WaitForBlockedCallers(1);
        TestThread end = new(Adapter.Dispose);
        Assert.True(SpinWait.SpinUntil(() => Driver.IsDisposed, 20_000));
        _medium.Unblock();
        resize.Join();
        end.Join();
        transfer.Join();
        Assert.Equal(0, Driver.ContextCount);

        // RESIZE passes after the end, as long as the context is there.
        Assert.True(resized is Errno.None or Errno.InvalidArgument, $"{resized}");
    }

    private TestClient Attached(int process, string? path = null)
    {
        TestClient client = new(Adapter, process, path: path ?? Adapter.DevicePaths[0]);
        _clients.Add(client);
        return client.Attach();
    }

    // Begins a read that does not end, on a thread of its own.
    private TestThread HangTransfer(TestClient client, uint handle)
    {
        _medium.Block();
        client.Send(client.Command(ScsiOpcode.Read16, handle, 7, 1, _data.Address));
        TestThread transfer = new(client.Window.Wait);
        Assert.True(_medium.WaitUntilBlocked());
        return transfer;
    }

    // Every ioctl, and I/O where the medium lets it.
    private static void UseAll(TestClient client)
    {
        uint handle = client.OpenVirtual(ChunkBlocks);
        Assert.Equal(Errno.None, client.Resize(handle, 2 * ChunkBlocks, out _));
        Assert.Equal(Errno.None, client.Verify(handle, out _));
        Assert.Equal(Errno.None, client.TryRecover(out _));
        Assert.Equal(Errno.InvalidArgument, client.TryOpenDirect(out _));
        Assert.Equal(Errno.InvalidArgument, client.Clone(client.ContextId));
        Assert.Equal(Errno.None, client.Release(handle));
        client.Leave();
    }
}
