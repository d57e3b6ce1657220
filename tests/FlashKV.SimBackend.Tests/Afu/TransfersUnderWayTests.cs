using FlashKV.Superpipe;
using FlashKV.Superpipe.Abi;

namespace FlashKV.SimBackend.Tests.Afu;

/// <summary>
/// Media that leave transfers under way: what ends first is answered first, and nothing is lost
/// when a context is.
/// </summary>
public sealed class TransfersUnderWayTests : IDisposable
{
    // A wait that finds nothing returns at once here, so this is not a time.
    private const int FewWaits = 4;

    private readonly QueuedMedium _medium = new(2 * 65_536, capacity: 4);
    private readonly SimulatedAdapterFixture _fixture;
    private readonly TestClient _client;
    private readonly uint _handle;

    public TransfersUnderWayTests()
    {
        _fixture = new SimulatedAdapterFixture(media: [_medium]);
        _client = _fixture.Attached();
        _handle = _client.OpenDirect();
        _fixture.Data.Fill(1);
    }

    public void Dispose()
    {
        _fixture.Dispose();
        _medium.Dispose();
    }

    [Fact]
    public void Commands_are_answered_as_their_transfers_end()
    {
        ulong[] sent = [Write(10), Write(20), Write(30)];
        Assert.Equal(0ul, _client.TryReceive(out _, FewWaits));
        Assert.Equal([10, 20, 30], _medium.Started);
        _medium.End(20);
        Assert.Equal(sent[1], Receive());
        ulong later = Write(40);
        Assert.Equal(0ul, _client.TryReceive(out _, FewWaits));
        Assert.Equal([10, 30, 40], _medium.Started);
        _medium.End(40);
        _medium.End(10);
        _medium.End(30);
        Assert.Equal([later, sent[0], sent[2]], [Receive(), Receive(), Receive()]);
        Assert.False(_medium.IsLent);
        Assert.Equal(4, _fixture.Adapter.GetStatistics().Commands);
    }

    [Fact]
    public void Neighbours_under_way_are_one_transfer_and_are_answered_together()
    {
        ulong[] sent = [Write(12), Write(11), Write(10)];
        Assert.Equal(0ul, _client.TryReceive(out _, FewWaits));
        Assert.Equal([10], _medium.Started);
        _medium.End(10);
        Assert.Equal(sent.Order(), new[] { Receive(), Receive(), Receive() }.Order());
        Assert.Equal(1, _fixture.Adapter.GetStatistics().MediumTransfers);
    }

    [Fact]
    public void What_the_queue_has_no_room_for_is_executed_at_once()
    {
        for (ulong block = 0; block < 12; block += 2)
        {
            Write(block);
        }

        Assert.NotEqual(0ul, Receive());
        Assert.NotEqual(0ul, Receive());
        Assert.Equal(0ul, _client.TryReceive(out _, FewWaits));
        Assert.Equal([0, 2, 4, 6], _medium.Started);
        Assert.Equal(2, _medium.Calls);
        Array.ForEach(_medium.Started, _medium.End);
        for (int i = 0; i < 4; i++)
        {
            Assert.NotEqual(0ul, Receive());
        }
    }

    [Fact]
    public void What_the_queue_gives_back_is_executed_by_calls()
    {
        Write(10);
        Write(11);
        Assert.Equal(0ul, _client.TryReceive(out _, FewWaits));
        _medium.Refuse(10);
        Assert.NotEqual(0ul, Receive());
        Assert.NotEqual(0ul, Receive());
        Assert.Equal(2, _medium.Calls);
        Assert.Equal(3, _fixture.Adapter.GetStatistics().MediumTransfers);
        AssertContent(11);
    }

    [Fact]
    public void A_failed_merged_read_is_repeated_block_by_block_and_a_write_is_not()
    {
        SendRead(10);
        SendRead(11);
        Write(20);
        Write(21);
        Assert.Equal(0ul, _client.TryReceive(out _, FewWaits));
        _medium.Fail(10, MediumStatus.MediumError);
        _medium.Fail(20, MediumStatus.MediumError);
        int good = 0;
        for (int i = 0; i < 4; i++)
        {
            Assert.NotEqual(0ul, _client.TryReceive(out SislIoasa ioasa, FewWaits));
            good += ioasa.Ioasc == 0 ? 1 : 0;
        }

        Assert.Equal(2, good);
        Assert.Equal(2, _medium.Calls);
    }

    [Fact]
    public void A_full_medium_is_reported_for_what_was_under_way()
    {
        Write(10);
        Assert.Equal(0ul, _client.TryReceive(out _, FewWaits));
        _medium.Fail(10, MediumStatus.OutOfSpace);
        Assert.NotEqual(0ul, _client.TryReceive(out SislIoasa ioasa, FewWaits));
        Assert.True(ScsiSense.TryParse(ioasa.SenseData, out ScsiSense sense));
        Assert.Equal(ScsiSense.OutOfSpace, sense);
    }

    [Fact]
    public void Another_thread_collects_what_a_thread_has_left()
    {
        ulong sent = Write(10);
        Assert.Equal(0ul, _client.TryReceive(out _, FewWaits));
        _medium.End(10);
        ulong received = 0;

        // Threads prefer lanes by their numbers, so that most of these have another lane.
        for (int i = 0; i < 8 && received == 0; i++)
        {
            new TestThread(() => received = _client.TryReceive(out _, waits: 1)).Join();
        }

        Assert.Equal(sent, received);
    }

    [Fact]
    public void A_context_reset_ends_when_nothing_is_under_way_and_nothing_is_answered()
    {
        Write(10);
        Assert.Equal(0ul, _client.TryReceive(out _, FewWaits));
        _client.Window.Write(SislHostMap.Ioarrin, SislHostMap.ContextReset);
        Assert.Equal(
            SislHostMap.ContextResetBusy, _client.Window.Read(SislHostMap.Ioarrin));
        _medium.End(10);
        Assert.Equal(0ul, _client.Window.Read(SislHostMap.Ioarrin));
        Assert.Equal(0ul, _client.TryReceive(out _, FewWaits));
        Assert.False(_medium.IsLent);
    }

    [Fact]
    public void A_lost_context_is_recovered_once_its_transfers_have_ended()
    {
        Write(10);
        Assert.Equal(0ul, _client.TryReceive(out _, FewWaits));
        _fixture.Adapter.Reset();
        TestThread recovery = new(_client.Recover);
        _medium.End(10);
        recovery.Join();
        Assert.False(_medium.IsLent);
        Assert.Equal(0ul, _client.TryReceive(out _, FewWaits));
    }

    [Fact]
    public void The_driver_changes_tables_only_when_nothing_is_under_way()
    {
        ulong sent = Write(10);
        Assert.Equal(0ul, _client.TryReceive(out _, FewWaits));
        TestThread release = new(() => Assert.Equal(Errno.None, _client.Release(_handle)));
        _medium.End(10);
        release.Join();
        Assert.False(_medium.IsLent);
        Assert.Equal(sent, _client.TryReceive(out SislIoasa ioasa, waits: 0));
        Assert.Equal(0u, ioasa.Ioasc);
    }

    private ulong Write(ulong block) => _client.Send(_client.Command(
        ScsiOpcode.Write16, _handle, block, 1, _fixture.Data.Run((int)block, 1).Address));

    private void SendRead(ulong block) => _client.Send(_client.Command(
        ScsiOpcode.Read16, _handle, block, 1, _fixture.Data.Run((int)block, 1).Address));

    private ulong Receive()
    {
        ulong handle = _client.TryReceive(out SislIoasa ioasa, FewWaits);
        Assert.Equal(0u, ioasa.Ioasc);
        return handle;
    }

    private void AssertContent(int block)
    {
        using AlignedMemory read = new(1);
        Assert.Equal(MediumStatus.Good, _medium.Read(block, [read.Run(0, 1)]));
        Assert.Equal(_fixture.Data.Block(block), read.Bytes);
    }
}
