using FlashKV.SimBackend.Driver;
using FlashKV.Superpipe;
using FlashKV.Superpipe.Abi;

namespace FlashKV.SimBackend.Tests.Driver;

/// <summary>What becomes of syncs that fail (SP §3.12) in each ioctl.</summary>
public sealed class AfuCommandErrorTests : IDisposable
{
    private const ulong Chunk = 65_536;
    private readonly SimulatedAdapterFixture _fixture = new(chunks: 40);
    private readonly TestClient _client;

    public AfuCommandErrorTests() => _client = _fixture.Attached();

    private AdapterDriver Driver => _fixture.Adapter.Driver;

    public void Dispose() => _fixture.Dispose();

    [Theory]
    [InlineData(Errno.InputOutput)]
    [InlineData(Errno.TryAgain)]
    [InlineData(Errno.OutOfMemory)]
    [InlineData(Errno.NoBuffers)]
    [InlineData(Errno.TimedOut)]
    public void USER_DIRECT_gives_the_raw_error_and_all_others_EAGAIN(Errno errno)
    {
        Driver.InjectSyncFault(errno);
        Assert.Equal(errno, _client.TryOpenDirect(out _));
        Assert.Equal(0, Driver.HandleCount);
        Driver.InjectSyncFault(errno);
        Assert.Equal(Errno.TryAgain, _client.TryOpenVirtual(Chunk, out _));
        uint handle = _client.OpenVirtual(2 * Chunk);
        foreach (ulong size in new ulong[] { 3, 3, 1 })
        {
            // Growing, the same size, shrinking: each is done, and only not confirmed.
            Driver.InjectSyncFault(errno);
            Assert.Equal(Errno.TryAgain, _client.Resize(handle, size * Chunk, out _));
            Assert.Equal(Errno.None, _client.Verify(handle, out ulong lastLba));
            Assert.Equal((size * Chunk) - 1, lastLba);
        }

        Driver.InjectSyncFault(errno);
        Assert.Equal(Errno.TryAgain, _client.Release(handle));
        Assert.Equal(1, Driver.HandleCount);
        Assert.Equal(40, Driver.ChunksOf(0)!.FreeCount);
        Assert.Equal(Errno.None, _client.Release(handle));
        Assert.Equal(0, Driver.HandleCount);
    }

    [Theory]
    [InlineData((int)AfuCommandOutcome.Aborted)]
    [InlineData((int)AfuCommandOutcome.Timeout)]
    public void Aborted_and_timed_out_commands_are_tried_once_more(int outcome)
    {
        Driver.InjectOutcome((AfuCommandOutcome)outcome);
        Assert.Equal(Errno.None, _client.TryOpenDirect(out _));
        Driver.InjectOutcome((AfuCommandOutcome)outcome);
        Driver.InjectOutcome(AfuCommandOutcome.Refused);
        Assert.Equal(Errno.InputOutput, _client.TryOpenDirect(out _));
    }

    [Theory]
    [InlineData((int)AfuCommandOutcome.Refused)]
    [InlineData((int)AfuCommandOutcome.NoRoom)]
    [InlineData((int)AfuCommandOutcome.NoMemory)]
    public void Other_failures_are_not_tried_again(int outcome)
    {
        Driver.InjectOutcome((AfuCommandOutcome)outcome);
        Assert.NotEqual(Errno.None, _client.TryOpenDirect(out _));
        Assert.Equal(Errno.None, _client.TryOpenDirect(out _));
    }

    [Fact]
    public void A_context_reset_that_fails_resets_the_adapter_once_the_ioctl_has_ended()
    {
        Driver.InjectOutcome(AfuCommandOutcome.TimeoutAndResetFails);
        Assert.Equal(Errno.TimedOut, _client.TryOpenDirect(out _));
        Assert.Equal(1, Driver.ResetCount);
        Assert.Equal(ulong.MaxValue, _client.Window.Read(SislHostMap.CmdRoom));
        _client.Recover();
        Assert.Equal(Errno.None, _client.TryOpenDirect(out _));
    }

    [Fact]
    public void The_sync_of_a_released_physical_LUN_is_not_looked_at()
    {
        uint handle = _client.OpenDirect();
        Driver.InjectSyncFault(Errno.InputOutput);
        Assert.Equal(Errno.None, _client.Release(handle));

        // It was sent: what was injected is used up.
        Assert.Equal(Errno.None, _client.TryOpenDirect(out _));
    }

    [Fact]
    public void Nothing_is_sent_for_a_context_in_error_and_in_a_state_other_than_normal()
    {
        uint virtualHandle = _client.OpenVirtual(2 * Chunk);
        _fixture.Adapter.Reset();
        Driver.InjectSyncFault(Errno.InputOutput);
        Assert.Equal(Errno.None, _client.Resize(virtualHandle, 3 * Chunk, out _));
        Assert.Equal(Errno.None, _client.Resize(virtualHandle, 3 * Chunk, out _));
        Assert.Equal(Errno.None, _client.Resize(virtualHandle, Chunk, out _));
        Assert.Equal(Errno.None, _client.Release(virtualHandle));
        _client.Recover();
        Assert.Equal(Errno.InputOutput, _client.TryOpenDirect(out _));
        virtualHandle = _client.OpenVirtual(Chunk);
        Driver.InjectSyncFault(Errno.InputOutput);
        _fixture.Adapter.Fail();
        Assert.Equal(Errno.None, _client.Resize(virtualHandle, 3 * Chunk, out _));
        Assert.Equal(Errno.None, _client.Release(virtualHandle));
    }

    [Fact]
    public void DETACH_ignores_errors_and_keeps_nothing()
    {
        _client.OpenVirtual(2 * Chunk);
        _client.OpenVirtual(2 * Chunk);
        Driver.InjectSyncFault(Errno.InputOutput);
        Driver.InjectSyncFault(Errno.TimedOut);
        Assert.Equal(Errno.None, _client.Detach());
        Assert.Equal(0, Driver.HandleCount);
        Assert.Null(Driver.ChunksOf(0));
    }
}
