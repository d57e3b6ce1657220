using FlashKV.Superpipe.Abi;
using FlashKV.Superpipe.Control;
using FlashKV.Superpipe.Recovery;
using FlashKV.Superpipe.Tests.Commands;
using FlashKV.Superpipe.Tests.Doubles;

namespace FlashKV.Superpipe.Tests.Recovery;

public class RecoveryTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Every_command_in_flight_is_sent_again_under_the_new_id(bool usesRing) =>
        Threads.RunOne(() =>
        {
            ScriptedAdapter adapter = new() { UsesRing = usesRing, AnswersPerWait = 1 };
            using Rig rig = NewRig(adapter);
            using BlockBuffer buffer = new(40);
            for (int i = 0; i < 40; i++)
                buffer.Stamp(i, (ulong)i << 24);
            HashSet<ushort> ids = [];
            adapter.Script = command =>
            {
                ids.Add(command.Context);
                if (command.Ordinal == 10)
                    adapter.Reset();
                return ScriptedAnswer.Good;
            };
            ulong oldId = rig.Context.Id;

            rig.Lun.Transfer(Rig.Write(0, buffer, 0, 40));

            // Ten had been answered, so thirty were in flight.
            Assert.Equal(30, rig.Statistics.Reissued);
            Assert.Equal(0, rig.Statistics.Retries);
            Assert.Equal(40, rig.Statistics.Commands);
            Assert.Equal([(ushort)oldId, (ushort)rig.Context.Id], ids);
            Assert.NotEqual(oldId, rig.Context.Id);
            buffer.Bytes.Clear();
            rig.Lun.Transfer(Rig.Read(0, buffer, 0, 40));
            for (int i = 0; i < 40; i++)
                Assert.True(buffer.IsStamped(i, (ulong)i << 24));
            AssertRecovered(rig, recoveries: 1);
        });

    [Theory]
    [InlineData(false, 21)]
    [InlineData(false, 22)]
    [InlineData(true, 23)]
    [InlineData(true, 24)]
    public void Threads_in_mid_load_see_no_error_of_any_reset(bool usesRing, int seed)
    {
        const int Resets = 25;
        Random random = new(seed);
        int next = 200;
        int resets = 0;
        ScriptedAdapter adapter = new()
        {
            UsesRing = usesRing,
            Rooms = 10,
            Reorders = true,
            AnswersPerWait = 4,
            Seed = seed,
        };
        adapter.Script = command =>
        {
            if (command.Ordinal >= next && resets < Resets)
            {
                next = command.Ordinal + random.Next(1, 300);
                resets++;
                adapter.Reset();
            }

            return ScriptedAnswer.Good;
        };
        using Rig rig = NewRig(adapter, commandBlocks: 32);
        Threads.Run(4, number =>
        {
            for (int i = 0; i < 60; i++)
                TransferTests.RoundTrip(rig, 25, (number * 10_000) + (i * 25));
        });

        Assert.Equal(Resets, resets);
        Assert.Equal(4 * 60 * 50, rig.Statistics.Commands);
        Assert.InRange(rig.Statistics.Recoveries, 1, Resets);

        // Of the threads that see a loss one asks the driver, and the others do not ask again.
        Assert.Equal(
            rig.Statistics.Recoveries, adapter.Calls.Count(call => call == "RECOVER_AFU"));
        AssertRecovered(rig, rig.Statistics.Recoveries);
    }

    [Theory]
    [InlineData(RestoreReason.Lost)]
    [InlineData(RestoreReason.Stuck)]
    internal void A_thread_that_comes_late_restores_nothing(RestoreReason reason) =>
        Threads.RunOne(() =>
        {
            ScriptedAdapter adapter = new();
            using Rig rig = NewRig(adapter);
            using BlockBuffer buffer = new(1);
            AttachedContext<ScriptedRegisters> context =
                (AttachedContext<ScriptedRegisters>)rig.Context;
            uint seen = context.Queue.Generation;
            adapter.Reset();
            rig.Lun.Transfer(Rig.Read(0, buffer));
            adapter.Calls.Clear();

            context.Restore(reason, seen);

            Assert.Empty(adapter.Calls);
            Assert.Equal(0, adapter.ContextResets);
            context.Restore(reason, context.Queue.Generation);
            Assert.Equal(1, adapter.Calls.Count + adapter.ContextResets);
        });

    [Fact]
    public void The_old_window_is_unmapped_and_the_old_descriptor_closed() => Threads.RunOne(() =>
    {
        ScriptedAdapter adapter = new();
        using Rig rig = NewRig(adapter);
        using BlockBuffer buffer = new(1);
        int oldDescriptor = rig.Context.Descriptor;
        adapter.Calls.Clear();

        adapter.Reset();
        rig.Lun.Transfer(Rig.Read(0, buffer));

        Assert.Equal(["RECOVER_AFU", "map", "unmap", "close context"], adapter.Calls);
        Assert.NotEqual(oldDescriptor, rig.Context.Descriptor);
        Assert.Equal((1, 2), (adapter.Mappings, adapter.OpenDescriptors));
    });

    [Fact]
    public void Recovery_repeats_what_the_driver_asks_to_repeat() => Threads.RunOne(() =>
    {
        ScriptedAdapter adapter = new();
        ManualClock clock = new();
        using Rig rig = NewRig(adapter, clock: clock);
        using BlockBuffer buffer = new(1);
        adapter.Refuse(IoctlRequest.RecoverAfu, Errno.TryAgain, Errno.Interrupted, Errno.TryAgain);

        adapter.Reset();
        rig.Lun.Transfer(Rig.Read(0, buffer));

        Assert.Equal(4, adapter.Calls.Count(call => call == "RECOVER_AFU"));
        Assert.Equal(TimeSpan.FromMilliseconds(300), clock.Delayed);
        AssertRecovered(rig, recoveries: 1);
    });

    [Theory]
    [InlineData(2)]
    [InlineData(4)]
    [InlineData(7)]
    public void An_adapter_lost_again_during_recovery_is_recovered_again(int afterWrites) =>
        Threads.RunOne(() =>
        {
            ScriptedAdapter adapter = new();
            using Rig rig = NewRig(adapter);
            using BlockBuffer buffer = new(20);
            adapter.Reset();
            adapter.LoseAfterWrites = afterWrites;

            rig.Lun.Transfer(Rig.Write(0, buffer, 0, 20));

            AssertRecovered(rig, recoveries: 2);
        });

    [Theory]
    [InlineData(Errno.NoDevice)]
    [InlineData(Errno.InvalidArgument)]
    [InlineData(Errno.NotPermitted)]
    public void A_device_that_is_gone_is_gone_for_good(Errno errno)
    {
        ScriptedAdapter adapter = new() { AnswersPerWait = 1 };
        Rig rig = NewRig(adapter);
        adapter.Refuse(IoctlRequest.RecoverAfu, errno);
        adapter.Script = command =>
        {
            if (command.Ordinal == 50)
                adapter.Reset();
            return ScriptedAnswer.Good;
        };
        Threads.Run(3, number =>
        {
            using BlockBuffer buffer = new(30);
            DeviceException failure = Assert.Throws<DeviceException>(() =>
            {
                for (int i = 0; i < 100; i++)
                    rig.Lun.Transfer(Rig.Write(number * 1000, buffer, 0, 30));
            });
            Assert.Equal(Errno.NoDevice, failure.Errno);
        });

        using BlockBuffer buffer = new(1);
        Assert.Equal(Errno.NoDevice, Assert.Throws<DeviceException>(
            () => rig.Lun.Transfer(Rig.Read(0, buffer))).Errno);
        Assert.Equal(Errno.NoDevice, Assert.Throws<DeviceException>(
            () => rig.Lun.Resize(0)).Errno);
        rig.AssertSound();
        Assert.Equal(1, adapter.Calls.Count(call => call == "RECOVER_AFU"));

        // Everything was given back at once; disposing of what is dead is quiet.
        Assert.Equal((0, 1), (adapter.Mappings, adapter.OpenDescriptors));
        rig.Lun.Dispose();
        rig.Dispose();
        Assert.Equal(0, adapter.OpenDescriptors);
        Assert.Equal(1, adapter.Calls.Count(call => call == "DETACH"));
    }

    [Fact]
    public void A_recovery_into_the_other_submission_mode_is_the_end() => Threads.RunOne(() =>
    {
        ScriptedAdapter adapter = new();
        using Rig rig = NewRig(adapter);
        using BlockBuffer buffer = new(1);
        adapter.Reset();
        adapter.UsesRing = true;

        DeviceException failure = Assert.Throws<DeviceException>(
            () => rig.Lun.Transfer(Rig.Read(0, buffer)));

        Assert.Equal(Errno.NoDevice, failure.Errno);
        Assert.Equal((0, 1), (adapter.Mappings, adapter.OpenDescriptors));
    });

    [Fact]
    public unsafe void A_late_response_of_the_lost_adapter_lands_nowhere() => Threads.RunOne(() =>
    {
        ScriptedAdapter adapter = new() { AnswersPerWait = 1 };
        using Rig rig = NewRig(adapter);
        using BlockBuffer buffer = new(4);
        int executed = 0;
        bool isLate = false;
        adapter.Script = command =>
        {
            if (++executed == 3)
                adapter.Reset();
            return ScriptedAnswer.Good;
        };
        adapter.Rests = () =>
        {
            // The recovered AFU has answered once, and the client waits for the second entry of
            // its ring. The lost AFU writes to the second entry of the ring that it knew.
            if (executed != 4 || isLate)
                return false;
            isLate = true;
            ulong* entry = (ulong*)adapter.OnlyContext.OldRrqStart + 1;
            *entry = (ulong)buffer.Address | SislRrq.FirstToggle;
            return true;
        };

        rig.Lun.Transfer(Rig.Write(0, buffer, 0, 4));

        Assert.True(isLate);
        Assert.Equal(0, rig.Statistics.StaleResponses);
        Assert.Equal(4, rig.Statistics.Commands);
        AssertRecovered(rig, recoveries: 1);
    });

    [Theory]
    [InlineData(0x10ul)]
    [InlineData(0xFFFF_FFFF_0000_0000ul)]
    public void A_response_that_belongs_to_no_command_is_dropped(ulong offset) =>
        Threads.RunOne(() =>
        {
            ScriptedAdapter adapter = new() { AnswersPerWait = 1 };
            using Rig rig = NewRig(adapter);
            using BlockBuffer buffer = new(4);
            bool isSent = false;
            adapter.Script = command =>
            {
                if (!isSent)
                    adapter.OnlyContext.Respond((ulong)buffer.Address + offset);
                isSent = true;
                return ScriptedAnswer.Good;
            };

            rig.Lun.Transfer(Rig.Write(0, buffer, 0, 4));

            Assert.Equal(1, rig.Statistics.StaleResponses);
            Assert.Equal(4, rig.Statistics.Commands);
            Assert.Equal(64, rig.Context.FreeRooms);
        });

    [Fact]
    public void Calls_of_the_driver_recover_the_context_too() => Threads.RunOne(() =>
    {
        ScriptedAdapter adapter = new();
        using Rig rig = NewRig(adapter);

        adapter.Reset();
        using VirtualLun other = rig.Context.OpenVirtualLun(65536);
        Assert.Equal(1, rig.Statistics.Recoveries);

        adapter.Reset();
        rig.Context.Verify(other);
        Assert.Equal(2, rig.Statistics.Recoveries);
        Assert.Equal(65536, other.BlockCount);
    });

    [Fact]
    public void Calls_and_transfers_recover_side_by_side()
    {
        ScriptedAdapter adapter = new() { Rooms = 8, AnswersPerWait = 3 };
        int resets = 0;
        adapter.Script = command =>
        {
            if (command.Ordinal % 211 == 210 && resets++ < 20)
                adapter.Reset();
            return ScriptedAnswer.Good;
        };
        using Rig rig = NewRig(adapter);
        Threads.Run(4, number =>
        {
            for (int i = 0; i < 40; i++)
            {
                if (number < 3)
                {
                    TransferTests.RoundTrip(rig, 25, (number * 10_000) + (i * 25));
                    continue;
                }

                using VirtualLun lun = rig.Context.OpenVirtualLun(65536);
                Assert.Equal(131072, lun.Resize(65537));
                rig.Context.Verify(lun);
            }
        });
        AssertRecovered(rig, rig.Statistics.Recoveries);
    }

    [Fact]
    public void An_attach_that_meets_a_reset_recovers() => Threads.RunOne(() =>
    {
        ScriptedAdapter adapter = new() { LoseAfterWrites = 3 };
        using Rig rig = NewRig(adapter);
        TransferTests.RoundTrip(rig, 20, 0);
        AssertRecovered(rig, recoveries: 1);
    });

    [Fact]
    public void A_window_that_throws_ends_the_context() => Threads.RunOne(() =>
    {
        ScriptedAdapter adapter = new();
        using Rig rig = NewRig(adapter);
        using BlockBuffer buffer = new(8);
        adapter.ThrowAtWrite = 4;

        Assert.Throws<InvalidOperationException>(
            () => rig.Lun.Transfer(Rig.Read(0, buffer, 0, 8)));

        rig.AssertSound();
        Assert.Equal(0, adapter.Mappings);
        Assert.Equal(Errno.NoDevice, Assert.Throws<DeviceException>(
            () => rig.Lun.Transfer(Rig.Read(0, buffer))).Errno);
    });

    private static Rig NewRig(
        ScriptedAdapter adapter, int commandBlocks = 64, DeviceClock? clock = null) => new(
        adapter,
        new AttachOptions
        {
            CommandBlocks = commandBlocks,
            Clock = clock ?? new ManualClock(),
        });

    private static void AssertRecovered(Rig rig, long recoveries)
    {
        Assert.Equal(recoveries, rig.Statistics.Recoveries);
        Assert.Equal(1, rig.Adapter.Mappings);
        Assert.Equal(2, rig.Adapter.OpenDescriptors);
        rig.AssertSound();
    }
}
