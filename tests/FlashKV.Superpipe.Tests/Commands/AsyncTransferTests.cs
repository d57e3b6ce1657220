using FlashKV.Superpipe.Abi;
using FlashKV.Superpipe.Control;
using FlashKV.Superpipe.Recovery;
using FlashKV.Superpipe.Tests.Doubles;

namespace FlashKV.Superpipe.Tests.Commands;

public sealed class AsyncTransferTests
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(60);

    [Fact]
    public void A_fast_adapter_answers_on_the_thread_of_the_caller()
    {
        using Rig rig = NewRig(new ScriptedAdapter());
        using BlockBuffer buffer = new(1);

        ValueTask written = rig.Lun.TransferAsync(Rig.Write(7, buffer));
        Assert.True(written.IsCompletedSuccessfully);
        Assert.True(rig.Lun.TransferAsync(ReadOnlyMemory<BlockTransfer>.Empty)
            .IsCompletedSuccessfully);
        AssertSound(rig);
    }

    [Theory]
    [InlineData(false, 0)]
    [InlineData(false, 32)]
    [InlineData(true, 0)]
    public async Task A_batch_that_nobody_waits_for_is_carried_on(bool usesRing, int inlineRounds)
    {
        ScriptedAdapter adapter = new() { UsesRing = usesRing, AnswersPerWait = 1 };
        using Rig rig = NewRig(adapter, inlineRounds);
        using BlockBuffer buffer = new(200);
        for (int i = 0; i < 200; i++)
            buffer.Stamp(i, (ulong)i << 30);

        await rig.Lun.TransferAsync(Rig.Write(0, buffer, 0, 200)).AsTask().WaitAsync(s_limit);
        buffer.Bytes.Clear();
        await rig.Lun.TransferAsync(
            new[] { Rig.Read(100, buffer, 100, 100), Rig.Read(0, buffer, 0, 100) })
            .AsTask().WaitAsync(s_limit);

        for (int i = 0; i < 200; i++)
            Assert.True(buffer.IsStamped(i, (ulong)i << 30));
        AssertSound(rig);
    }

    [Theory]
    [InlineData(false, 41)]
    [InlineData(true, 42)]
    public async Task Many_batches_at_once_share_few_blocks_with_threads(bool usesRing, int seed)
    {
        ScriptedAdapter adapter = new()
        {
            UsesRing = usesRing,
            Rooms = 9,
            Reorders = true,
            AnswersPerWait = 5,
            Seed = seed,
        };
        using Rig rig = NewRig(adapter, inlineRounds: 2);
        Task[] asynchronous = [.. Enumerable.Range(0, 100).Select(number => Task.Run(async () =>
        {
            for (int i = 0; i < 5; i++)
                await RoundTripAsync(rig, 11, (number * 200) + (i * 11));
        }))];
        Threads.Run(2, number =>
        {
            for (int i = 0; i < 50; i++)
                TransferTests.RoundTrip(rig, 25, 30_000 + (number * 10_000) + (i * 25));
        });

        await Task.WhenAll(asynchronous).WaitAsync(s_limit);
        Assert.Equal((100 * 5 * 22) + (2 * 50 * 50), rig.Statistics.Commands);
        AssertSound(rig);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(32)]
    public async Task A_failure_is_the_task_s(int inlineRounds)
    {
        ScriptedAdapter adapter = new()
        {
            Script = command => command.Lba == 20
                ? ScriptedAnswer.AfuError(SislAfuRc.LxtOutOfBounds)
                : ScriptedAnswer.Good,
        };
        using Rig rig = NewRig(adapter, inlineRounds);
        using BlockBuffer buffer = new(40);

        DeviceException failure = await Assert.ThrowsAsync<DeviceException>(() =>
            rig.Lun.TransferAsync(Rig.Read(0, buffer, 0, 40)).AsTask().WaitAsync(s_limit));

        Assert.Equal((20, Errno.InputOutput), (failure.Lba, failure.Errno));
        await RoundTripAsync(rig, 4, 100);
        AssertSound(rig);
    }

    [Fact]
    public async Task A_busy_lun_is_tried_again_after_its_delay()
    {
        int failures = 0;
        ManualClock clock = new();
        ScriptedAdapter adapter = new()
        {
            Script = _ => failures++ < 2
                ? ScriptedAnswer.ScsiError(SislScsiRc.Busy)
                : ScriptedAnswer.Good,
        };
        using Rig rig = NewRig(adapter, clock: clock);
        using BlockBuffer buffer = new(1);

        await rig.Lun.TransferAsync(Rig.Read(0, buffer)).AsTask().WaitAsync(s_limit);

        Assert.Equal(2, rig.Statistics.Delays);
        Assert.InRange(clock.Delayed, TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(10.1));
        AssertSound(rig);
    }

    [Fact]
    public async Task A_cancelled_batch_ends_only_when_the_adapter_has_answered()
    {
        using CancellationTokenSource source = new();
        int looks = 0;
        bool mayAnswer = false;
        ScriptedAdapter adapter = new()
        {
            Rests = () =>
            {
                Interlocked.Increment(ref looks);
                return !Volatile.Read(ref mayAnswer);
            },
        };
        using Rig rig = NewRig(adapter);
        using BlockBuffer buffer = new(1000);
        buffer.Bytes.Fill(0xEE);
        Task task = rig.Lun.TransferAsync(Rig.Read(0, buffer, 0, 1000), source.Token).AsTask();

        await source.CancelAsync();
        int seen = Volatile.Read(ref looks);
        Assert.True(SpinWait.SpinUntil(() => Volatile.Read(ref looks) > seen + 1000, s_limit));
        Assert.False(task.IsCompleted);
        Volatile.Write(ref mayAnswer, true);

        OperationCanceledException failure =
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => task.WaitAsync(s_limit));
        Assert.Equal(source.Token, failure.CancellationToken);
        Assert.InRange(rig.Statistics.Commands, 1, 64);

        // The answers came before the end; nothing is written afterwards.
        buffer.Bytes.Fill(0xEE);
        await RoundTripAsync(rig, 40, 2000);
        Assert.False(buffer.Bytes.ContainsAnyExcept((byte)0xEE));
        AssertSound(rig);
    }

    [Fact]
    public async Task A_batch_cancelled_before_it_begins_sends_nothing()
    {
        using Rig rig = NewRig(new ScriptedAdapter());
        using BlockBuffer buffer = new(1);
        CancellationToken cancelled = new(canceled: true);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => rig.Lun.TransferAsync(Rig.Read(0, buffer), cancelled).AsTask());

        Assert.Equal(0, rig.Statistics.Commands);
        AssertSound(rig);
    }

    [Fact]
    public async Task A_cancelled_batch_whose_command_is_lost_ends_with_the_context_reset()
    {
        using CancellationTokenSource source = new();
        ScriptedAdapter adapter = new() { Script = _ => ScriptedAnswer.Silence };
        using Rig rig = NewRig(adapter, clock: new ManualClock(TimeSpan.FromSeconds(1)));
        using BlockBuffer buffer = new(1);
        Task task = rig.Lun.TransferAsync(Rig.Read(0, buffer), source.Token).AsTask();
        await source.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => task.WaitAsync(s_limit));

        Assert.InRange(adapter.ContextResets, 1, 4);
        AssertSound(rig);
    }

    [Theory]
    [InlineData(false, 51)]
    [InlineData(true, 52)]
    public async Task Resets_in_mid_load_are_seen_by_nobody(bool usesRing, int seed)
    {
        const int Resets = 25;
        Random random = new(seed);
        int next = 100;
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
        using Rig rig = NewRig(adapter, inlineRounds: 1);
        Task[] tasks = [.. Enumerable.Range(0, 20).Select(number => Task.Run(async () =>
        {
            for (int i = 0; i < 10; i++)
                await RoundTripAsync(rig, 25, (number * 1000) + (i * 25));
        }))];
        await Task.WhenAll(tasks).WaitAsync(s_limit);

        Assert.Equal(Resets, resets);
        Assert.InRange(rig.Statistics.Recoveries, 1, Resets);
        AssertSound(rig);
    }

    [Fact]
    public async Task A_device_that_is_gone_fails_every_batch()
    {
        ScriptedAdapter adapter = new() { AnswersPerWait = 1 };
        using Rig rig = NewRig(adapter);
        using BlockBuffer buffer = new(200);
        adapter.Refuse(IoctlRequest.RecoverAfu, Errno.NoDevice);
        adapter.Script = command =>
        {
            if (command.Ordinal == 50)
                adapter.Reset();
            return ScriptedAnswer.Good;
        };
        Task[] tasks = [.. Enumerable.Range(0, 10).Select(number =>
            rig.Lun.TransferAsync(Rig.Read(number * 20, buffer, number * 20, 20)).AsTask())];

        await Assert.ThrowsAsync<DeviceException>(() => Task.WhenAll(tasks).WaitAsync(s_limit));

        Assert.All(tasks, task => Assert.True(
            task.IsCompletedSuccessfully
            || ((DeviceException)task.Exception!.InnerException!).Errno == Errno.NoDevice));
        Assert.Equal(1, adapter.Calls.Count(call => call == "RECOVER_AFU"));
        AssertSound(rig);
    }

    [Fact]
    public async Task Closing_gives_up_batches_that_do_not_end()
    {
        ScriptedAdapter adapter = new() { Script = _ => ScriptedAnswer.Silence };
        ManualClock clock = new();
        Rig rig = NewRig(adapter, clock: clock);
        using BlockBuffer buffer = new(40);
        Task task = rig.Lun.TransferAsync(Rig.Read(0, buffer, 0, 40)).AsTask();

        rig.Dispose();

        DeviceException failure = await Assert.ThrowsAsync<DeviceException>(
            () => task.WaitAsync(s_limit));
        Assert.Equal(Errno.BadDescriptor, failure.Errno);
        Assert.Equal((0, 0), (adapter.Mappings, adapter.OpenDescriptors));
        Assert.Equal(0, adapter.UsesAfterUnmap);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(32)]
    public async Task A_window_that_throws_fails_the_task_and_ends_the_context(int inlineRounds)
    {
        ScriptedAdapter adapter = new();
        using Rig rig = NewRig(adapter, inlineRounds);
        using BlockBuffer buffer = new(8);
        adapter.ThrowAtWrite = 4;

        await Assert.ThrowsAsync<InvalidOperationException>(
            () => rig.Lun.TransferAsync(Rig.Read(0, buffer, 0, 8)).AsTask().WaitAsync(s_limit));

        Assert.Equal(0, adapter.Mappings);
        AssertSound(rig);
    }

    [Fact]
    public async Task A_result_taken_too_early_or_twice_disturbs_no_other_batch()
    {
        bool mayAnswer = false;
        ScriptedAdapter adapter = new() { Rests = () => !Volatile.Read(ref mayAnswer) };
        using Rig rig = NewRig(adapter);
        using BlockBuffer buffer = new(2);
        ValueTask first = rig.Lun.TransferAsync(Rig.Read(0, buffer));
        Assert.Throws<InvalidOperationException>(() => first.GetAwaiter().GetResult());
        ValueTask second = rig.Lun.TransferAsync(Rig.Read(1, buffer, 1));
        Volatile.Write(ref mayAnswer, true);

        await first;
        await second;
        Assert.Throws<InvalidOperationException>(() => first.GetAwaiter().GetResult());
        AssertSound(rig);
    }

    [Fact]
    public async Task Try_transfer_async_refuses_while_others_hold_the_blocks()
    {
        bool mayAnswer = false;
        ScriptedAdapter adapter = new() { Rests = () => !Volatile.Read(ref mayAnswer) };
        using Rig rig = NewRig(adapter);
        using BlockBuffer buffer = new(16);
        Assert.False(rig.Lun.TryTransferAsync(new BlockTransfer[] { Rig.Read(0, buffer), new(
            BlockOperation.Unmap, 20, 16, 0) }, out _));

        Assert.True(rig.Lun.TryTransferAsync(
            new[] { Rig.Read(0, buffer, 0, 15) }, out ValueTask first));
        Assert.False(rig.Lun.TryTransferAsync(
            new BlockTransfer[] { new(BlockOperation.Unmap, 20, 2, 0) }, out _));
        Volatile.Write(ref mayAnswer, true);

        await first;
        Assert.True(rig.Lun.TryTransferAsync(
            new BlockTransfer[] { new(BlockOperation.Unmap, 20, 2, 0) }, out ValueTask second));
        await second;
        AssertSound(rig);
    }

    internal static async Task RoundTripAsync(Rig rig, int blocks, long firstLba)
    {
        using BlockBuffer buffer = new(blocks);
        for (int i = 0; i < blocks; i++)
            buffer.Stamp(i, (ulong)(firstLba + i) << 16);
        await rig.Lun.TransferAsync(Rig.Write(firstLba, buffer, 0, blocks));
        buffer.Bytes.Fill(0xEE);
        await rig.Lun.TransferAsync(new[] { Rig.Read(firstLba, buffer, 0, blocks) });
        for (int i = 0; i < blocks; i++)
            Assert.True(buffer.IsStamped(i, (ulong)(firstLba + i) << 16), $"{firstLba + i}");
    }

    private static Rig NewRig(
        ScriptedAdapter adapter, int inlineRounds = 32, DeviceClock? clock = null) => new(
        adapter,
        new AttachOptions
        {
            CommandBlocks = 16,
            InlineRounds = inlineRounds,
            Clock = clock ?? new ManualClock(),
        });

    private static void AssertSound(Rig rig)
    {
        rig.AssertSound();
        Assert.Equal(0, ((AttachedContext<ScriptedRegisters>)rig.Context).AsyncTransfers.InUse);
    }
}
