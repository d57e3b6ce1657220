using FlashKV.SimBackend;
using FlashKV.Superpipe.Abi;
using FlashKV.Superpipe.Tests.Doubles;
using FlashKV.Superpipe.Tests.EndToEnd;

namespace FlashKV.Superpipe.Tests.Commands;

public sealed class PendingTransferTests
{
    [Theory]
    [InlineData(SubmissionMode.CommandRooms)]
    [InlineData(SubmissionMode.SubmissionQueue)]
    public void What_was_begun_is_there_once_it_was_waited_for(SubmissionMode mode)
    {
        using SimulatedRig rig = new(mode);
        using VirtualLun lun = rig.Context.OpenVirtualLun(1);
        using BlockBuffer buffer = new(100);
        for (int i = 0; i < buffer.Blocks; i++)
            buffer.Stamp(i, (ulong)i << 30);

        using PendingTransfer written = Begin(lun, Rig.Write(7, buffer, 0, 100));
        written.Wait();
        buffer.Bytes.Fill(0xEE);
        using PendingTransfer second = Begin(lun, Rig.Read(57, buffer, 50, 50));
        using PendingTransfer first = Begin(lun, Rig.Read(7, buffer, 0, 50));
        first.Wait();
        second.Wait();
        second.Wait();

        for (int i = 0; i < buffer.Blocks; i++)
            Assert.True(buffer.IsStamped(i, (ulong)i << 30), $"block {i}");
        Assert.Equal(rig.Context.CommandBlocks, rig.Context.FreeRooms);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void The_adapter_has_all_of_it_before_anybody_waits(bool usesRing)
    {
        ScriptedAdapter adapter = new() { UsesRing = usesRing };
        using Rig rig = NewRig(adapter);
        using BlockBuffer buffer = new(8);

        using PendingTransfer pending = Begin(rig.Lun, Rig.Read(0, buffer, 0, 8));

        Assert.Equal(8, rig.Statistics.Commands);
        pending.Wait();
        rig.AssertSound();
    }

    [Fact]
    public void Polls_carry_it_on_and_wait_for_nothing()
    {
        bool mayAnswer = false;
        ScriptedAdapter adapter = new() { Rests = () => !mayAnswer, AnswersPerWait = 1 };
        using Rig rig = NewRig(adapter);
        using BlockBuffer buffer = new(8);
        using PendingTransfer pending = Begin(rig.Lun, Rig.Read(0, buffer, 0, 8));
        for (int i = 0; i < 100; i++)
            Assert.False(pending.Poll());

        mayAnswer = true;
        int polls = 0;
        while (!pending.Poll())
            Assert.InRange(++polls, 1, 100);

        pending.Wait();
        Assert.True(pending.Poll());
        rig.AssertSound();
    }

    [Fact]
    public void Half_of_the_command_blocks_stay_for_those_who_wait()
    {
        bool mayAnswer = false;
        using Rig rig = NewRig(new ScriptedAdapter { Rests = () => !mayAnswer });
        using BlockBuffer buffer = new(9);
        Assert.False(rig.Lun.TryBeginTransfer(new[] { Rig.Read(0, buffer, 0, 9) }, out _));
        using PendingTransfer first = Begin(rig.Lun, Rig.Read(0, buffer, 0, 6));
        Assert.False(rig.Lun.TryBeginTransfer(new[] { Rig.Read(6, buffer, 6, 3) }, out _));
        using PendingTransfer second = Begin(rig.Lun, Rig.Read(6, buffer, 6, 2));

        Assert.False(rig.Lun.TryBeginTransfer(new[] { Rig.Read(8, buffer, 8) }, out _));

        // Whoever takes answers takes all of them, and so frees the blocks of others too.
        mayAnswer = true;
        TransferTests.RoundTrip(rig, 40, 100);

        using PendingTransfer third = Begin(rig.Lun, Rig.Read(8, buffer, 8));
        first.Wait();
        third.Wait();
        rig.AssertSound();
    }

    [Fact]
    public void A_failure_is_told_to_each_who_waits_and_to_nobody_else()
    {
        ScriptedAdapter adapter = new()
        {
            Script = static command => command.Lba == 2
                ? ScriptedAnswer.AfuError(SislAfuRc.LxtOutOfBounds)
                : ScriptedAnswer.Good,
        };
        using Rig rig = NewRig(adapter);
        using BlockBuffer buffer = new(8);
        using PendingTransfer pending = Begin(rig.Lun, Rig.Read(0, buffer, 0, 8));

        for (int i = 0; i < 2; i++)
        {
            DeviceException failure = Assert.Throws<DeviceException>(pending.Wait);
            Assert.Equal((2, Errno.InputOutput), (failure.Lba, failure.Errno));
        }

        Begin(rig.Lun, Rig.Read(2, buffer)).Dispose();
        rig.AssertSound();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_reset_while_nobody_carries_it_on_is_not_seen(bool usesRing)
    {
        bool mayAnswer = false;
        ScriptedAdapter adapter = new() { UsesRing = usesRing, Rests = () => !mayAnswer };
        using Rig rig = NewRig(adapter);
        using BlockBuffer buffer = new(8);
        buffer.Stamp(3, 0xF00);
        rig.Adapter.Rests = static () => false;
        rig.Lun.Transfer(Rig.Write(3, buffer, 3));
        rig.Adapter.Rests = () => !mayAnswer;
        buffer.Bytes.Clear();
        using PendingTransfer pending = Begin(rig.Lun, Rig.Read(0, buffer, 0, 8));

        adapter.Reset();
        mayAnswer = true;
        TransferTests.RoundTrip(rig, 5, 100);
        pending.Wait();

        Assert.True(buffer.IsStamped(3, 0xF00));
        Assert.Equal(1, rig.Statistics.Recoveries);
        rig.AssertSound();
    }

    [Fact]
    public void Nothing_is_begun_at_a_place_that_is_not_there()
    {
        using Rig rig = NewRig(new ScriptedAdapter());
        using BlockBuffer buffer = new(1);

        Assert.Throws<ArgumentOutOfRangeException>(
            () => rig.Lun.TryBeginTransfer(new[] { Rig.Read(65_536, buffer) }, out _));
        Assert.True(rig.Lun.TryBeginTransfer(default, out PendingTransfer? nothing));
        Assert.True(nothing.Poll());
        nothing.Wait();
        rig.Lun.Dispose();
        Assert.Throws<ObjectDisposedException>(
            () => rig.Lun.TryBeginTransfer(new[] { Rig.Read(0, buffer) }, out _));
        Assert.Equal(0, rig.Statistics.Commands);
    }

    private static Rig NewRig(ScriptedAdapter adapter) => new(
        adapter, new AttachOptions { CommandBlocks = 16, Clock = new ManualClock() });

    private static PendingTransfer Begin(Lun lun, BlockTransfer transfer)
    {
        Assert.True(lun.TryBeginTransfer(new[] { transfer }, out PendingTransfer? pending));
        return pending;
    }
}
