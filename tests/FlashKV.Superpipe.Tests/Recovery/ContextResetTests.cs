using System.Runtime.InteropServices;
using FlashKV.Superpipe.Abi;
using FlashKV.Superpipe.Tests.Commands;
using FlashKV.Superpipe.Tests.Doubles;

namespace FlashKV.Superpipe.Tests.Recovery;

public class ContextResetTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_command_that_is_never_answered_is_sent_again_after_a_context_reset(
        bool usesRing) => Threads.RunOne(() =>
    {
        ScriptedAdapter adapter = new() { UsesRing = usesRing, Script = SilentFirst(1, lba: 5) };
        using Rig rig = NewRig(adapter);
        TransferTests.RoundTrip(rig, 20, 0);

        Assert.Equal(1, adapter.ContextResets);
        Assert.Equal(1, rig.Statistics.ContextResets);
        Assert.Equal(0, rig.Statistics.Recoveries);
        Assert.Equal(1, rig.Statistics.Retries);
        Assert.Equal(40, rig.Statistics.Commands);
        rig.AssertSound();
        TransferTests.RoundTrip(rig, 100, 0);
        rig.AssertSound();
    });

    [Fact]
    public void A_command_that_is_never_answered_at_all_fails_in_the_end() => Threads.RunOne(() =>
    {
        ScriptedAdapter adapter = new() { Script = SilentFirst(1000, lba: 5) };
        using Rig rig = NewRig(adapter);
        using BlockBuffer buffer = new(20);

        DeviceException failure = Assert.Throws<DeviceException>(
            () => rig.Lun.Transfer(Rig.Read(0, buffer, 0, 20)));

        Assert.Equal((Errno.TimedOut, 5L), (failure.Errno, failure.Lba));
        Assert.Equal(4, adapter.ContextResets);
        rig.AssertSound();
        TransferTests.RoundTrip(rig, 4, 100);
    });

    [Fact]
    public void Threads_share_the_resets_that_one_of_them_causes()
    {
        ScriptedAdapter adapter = new()
        {
            Reorders = true,
            AnswersPerWait = 3,
            Script = SilentFirst(2, lba: 20_005),
        };
        using Rig rig = NewRig(adapter);
        Threads.Run(3, number =>
        {
            for (int i = 0; i < 30; i++)
                TransferTests.RoundTrip(rig, 20, (number * 10_000) + (i * 20));
        });
        Assert.InRange(adapter.ContextResets, 2, 3 * 30);
        Assert.Equal(3 * 30 * 40, rig.Statistics.Commands);
        rig.AssertSound();
    }

    [Fact]
    public void A_reset_that_does_not_end_leads_to_recovery_and_that_to_the_end() =>
        Threads.RunOne(() =>
        {
            // The driver finds nothing wrong, so there is nothing left to do but to leave.
            ScriptedAdapter adapter = new()
            {
                ResetsHang = true,
                Script = SilentFirst(1000, lba: 5),
            };
            using Rig rig = NewRig(adapter);
            using BlockBuffer buffer = new(20);

            DeviceException failure = Assert.Throws<DeviceException>(
                () => rig.Lun.Transfer(Rig.Read(0, buffer, 0, 20)));

            Assert.Equal(Errno.NoDevice, failure.Errno);
            Assert.Equal(
                ["RECOVER_AFU", "RELEASE", "unmap", "DETACH", "close context"],
                adapter.Calls.TakeLast(5));
            rig.AssertSound();
        });

    [Fact]
    public void An_error_interrupt_resets_the_context_at_once() => Threads.RunOne(() =>
    {
        bool isRaised = false;
        ScriptedAdapter adapter = new();
        adapter.Script = command =>
        {
            if (isRaised || command.Lba != 3)
                return ScriptedAnswer.Good;
            isRaised = true;
            adapter.OnlyContext.IntrStatus = (ulong)SislSyncInterrupts.PermErrRcbRead;
            return ScriptedAnswer.Silence;
        };
        using Rig rig = NewRig(adapter, new ManualClock());

        TransferTests.RoundTrip(rig, 20, 0);

        Assert.Equal(1, rig.Statistics.AdapterErrors);
        Assert.Equal(1, rig.Statistics.ContextResets);
        Assert.Equal(0ul, adapter.OnlyContext.IntrStatus);
        rig.AssertSound();
    });

    [Fact]
    public void A_storage_fault_fails_the_command_that_caused_it() => Threads.RunOne(() =>
    {
        ScriptedAdapter adapter = new();
        adapter.Script = command =>
        {
            if (command.Lba is not (3 or 7))
                return ScriptedAnswer.Good;
            if (command.Lba == 3)
                adapter.Events.Enqueue(DataStorage((ulong)command.Data + 100));
            return ScriptedAnswer.Silence;
        };
        using Rig rig = NewRig(adapter, new ManualClock());
        using BlockBuffer buffer = new(20);

        DeviceException failure = Assert.Throws<DeviceException>(
            () => rig.Lun.Transfer(Rig.Read(0, buffer, 0, 20)));

        Assert.Equal((Errno.BadAddress, 3L), (failure.Errno, failure.Lba));
        Assert.Equal(1, rig.Statistics.ContextResets);
        rig.AssertSound();
    });

    [Fact]
    public void Waiting_for_a_room_has_an_end() => Threads.RunOne(() =>
    {
        ScriptedAdapter adapter = new() { Rooms = 0 };
        using Rig rig = NewRig(adapter);
        using BlockBuffer buffer = new(1);

        DeviceException failure = Assert.Throws<DeviceException>(
            () => rig.Lun.Transfer(Rig.Read(0, buffer)));

        Assert.Equal(Errno.Busy, failure.Errno);
        Assert.True(rig.Statistics.RoomWaits > 0);
        rig.AssertSound();
    });

    private static Rig NewRig(ScriptedAdapter adapter, ManualClock? clock = null) => new(
        adapter,
        new AttachOptions
        {
            CommandBlocks = 64,
            Clock = clock ?? new ManualClock(TimeSpan.FromSeconds(1)),
        });

    private static Func<ScriptedCommand, ScriptedAnswer> SilentFirst(int times, ulong lba)
    {
        int count = 0;
        return command => command.Lba == lba && count++ < times
            ? ScriptedAnswer.Silence
            : ScriptedAnswer.Good;
    }

    private static byte[] DataStorage(ulong address)
    {
        CxlEventDataStorage data = default;
        data.Header.Type = CxlEventType.DataStorage;
        data.Header.Size = CxlEventDataStorage.SizeInBytes;
        data.Addr = address;
        return MemoryMarshal.AsBytes(new Span<CxlEventDataStorage>(ref data)).ToArray();
    }
}
