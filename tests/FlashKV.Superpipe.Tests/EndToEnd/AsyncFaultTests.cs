using FlashKV.SimBackend;
using FlashKV.SimBackend.Afu;
using FlashKV.Superpipe.Tests.Doubles;

namespace FlashKV.Superpipe.Tests.EndToEnd;

/// <summary>
/// Asynchronous transfers over the shipped adapter while commands and responses are lost or late,
/// the adapter is reset, callers cancel and the context is closed. A buffer whose transfer has ended
/// is filled with something else at once: an adapter that still used it would show.
/// </summary>
public class AsyncFaultTests
{
    private const int Workers = 8;
    private const int Blocks = 16;
    private const byte Garbage = 0xDD;

    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(100);
    private static readonly TimeSpan s_tick = TimeSpan.FromMilliseconds(200);

    [Theory]
    [InlineData(SubmissionMode.CommandRooms, 1)]
    [InlineData(SubmissionMode.SubmissionQueue, 2)]
    public async Task Losses_delays_resets_and_cancellation_leave_every_block_whole(
        SubmissionMode mode, int seed)
    {
        using SimulatedRig rig = new(
            mode, commandBlocks: 32, clock: new ManualClock(s_tick), inlineRounds: 1);
        using VirtualLun lun = rig.Context.OpenVirtualLun(1);
        CommandFaultPlan plan = rig.Adapter.Afu.Faults;
        FaultChance[] chances =
        [
            plan.AddChance(PlannedFault.Of(CommandFault.LostCommand), 3000, seed),
            plan.AddChance(PlannedFault.Of(CommandFault.LostResponse), 3000, seed + 1),
            plan.AddChance(PlannedFault.Of(CommandFault.Delay), 200, seed + 2),
        ];
        Worker[] workers = [.. Enumerable.Range(0, Workers).Select(
            number => new Worker(rig.Adapter, lun, number, new Random((seed * 100) + number)))];

        await Task.WhenAll(workers.Select(worker => Task.Run(worker.RunAsync))).WaitAsync(s_limit);

        long cancelled = workers.Sum(worker => worker.Cancelled);
        Assert.True(cancelled > 0, $"Nothing cancelled, seed {seed}.");
        Assert.All(chances, chance => Assert.True(
            chance.Struck > 0, $"{chance.Fault.Kind} never struck, seed {seed}."));
        Assert.True(rig.Statistics.Recoveries > 0, $"No reset was noticed, seed {seed}.");
        Assert.Equal(0, rig.Statistics.Failures);
        Assert.Equal(rig.Context.CommandBlocks, rig.Context.FreeRooms);
    }

    [Theory]
    [InlineData(SubmissionMode.CommandRooms)]
    [InlineData(SubmissionMode.SubmissionQueue)]
    public async Task Closing_the_context_ends_what_is_under_way(SubmissionMode mode)
    {
        for (int seed = 1; seed <= 20; seed++)
        {
            using SimulatedRig rig = new(
                mode, commandBlocks: 16, clock: new ManualClock(), inlineRounds: 0);
            VirtualLun lun = rig.Context.OpenVirtualLun(1);
            using BlockBuffer buffer = new(Workers * Blocks);
            rig.Adapter.InjectFaults(CommandFault.LostCommand, 40, seed);
            rig.Adapter.InjectFaults(CommandFault.Delay, 4, seed);
            Task[] tasks = [.. Enumerable.Range(0, Workers).Select(number => lun.TransferAsync(
                Rig.Read(number * Blocks, buffer, number * Blocks, Blocks)).AsTask())];
            for (int i = 0; i < seed * 20; i++)
                Thread.Yield();

            await Task.Run(rig.Context.Dispose).WaitAsync(s_limit);

            foreach (Task task in tasks)
            {
                Exception? failure = await Record.ExceptionAsync(() => task.WaitAsync(s_limit));
                Assert.True(
                    failure is null or DeviceException { Errno: Errno.BadDescriptor },
                    $"{failure}, seed {seed}");
            }

            buffer.Bytes.Fill(Garbage);
            Assert.Equal(rig.Context.CommandBlocks, rig.Context.FreeRooms);
            rig.Dispose();
            Assert.False(buffer.Bytes.ContainsAnyExcept(Garbage), $"A late write, seed {seed}.");
        }
    }

    /// <summary>One that writes its own blocks, reads them, and changes its mind at times.</summary>
    private sealed class Worker(SimulatedAdapter adapter, VirtualLun lun, int number, Random random)
    {
        private const int Rounds = 60;
        private const int RegionBlocks = 1000;

        private ulong _version;
        private bool _isMixed;
        private bool _hasAbandoned;

        internal int Cancelled { get; private set; }

        internal async Task RunAsync()
        {
            using BlockBuffer written = new(Blocks);
            using BlockBuffer read = new(Blocks);
            using BlockBuffer abandoned = new(Blocks);
            for (int round = 0; round < Rounds; round++)
            {
                ulong before = _version;
                bool isWhole = await WriteAsync(written);
                await ReadAsync(read, before, isWhole);
                await AbandonAsync(abandoned);
                if (random.Next(40) == 0)
                    adapter.Reset();
            }
        }

        // Says whether everything was written for certain.
        private async Task<bool> WriteAsync(BlockBuffer buffer)
        {
            _version++;
            for (int i = 0; i < Blocks; i++)
                buffer.Stamp(i, Stamp(_version, i));
            bool isWhole = await TransferAsync(
                Rig.Write(number * RegionBlocks, buffer, 0, Blocks), random.Next(3) == 0);
            buffer.Bytes.Fill(Garbage);
            return isWhole;
        }

        private async Task ReadAsync(BlockBuffer buffer, ulong before, bool isWhole)
        {
            Assert.True(await TransferAsync(
                Rig.Read(number * RegionBlocks, buffer, 0, Blocks), cancels: false));
            for (int i = 0; i < Blocks; i++)
            {
                bool isOld = !isWhole && (before == 0
                    ? !buffer.Block(i).ContainsAnyExcept((byte)0)
                    : buffer.IsStamped(i, Stamp(before, i)));
                Assert.True(
                    isOld || buffer.IsStamped(i, Stamp(_version, i)),
                    $"Block {i} of worker {number} is neither old nor new.");
                if (isOld)
                    _isMixed = true;
            }

            if (_isMixed)
                await WriteAgainAsync(buffer);
        }

        // A write that was given up left some blocks as they were: no longer.
        private async Task WriteAgainAsync(BlockBuffer buffer)
        {
            for (int i = 0; i < Blocks; i++)
                buffer.Stamp(i, Stamp(_version, i));
            Assert.True(await TransferAsync(
                Rig.Write(number * RegionBlocks, buffer, 0, Blocks), cancels: false));
            _isMixed = false;
        }

        // A read that nobody wants any more; what it leaves is looked at in the next round.
        private async Task AbandonAsync(BlockBuffer buffer)
        {
            if (_hasAbandoned)
                Assert.False(buffer.Bytes.ContainsAnyExcept(Garbage), "A late write to a buffer.");
            await TransferAsync(Rig.Read(number * RegionBlocks, buffer, 0, Blocks), cancels: true);
            buffer.Bytes.Fill(Garbage);
            _hasAbandoned = true;
        }

        private async Task<bool> TransferAsync(BlockTransfer transfer, bool cancels)
        {
            using CancellationTokenSource source = new();
            Task task = lun.TransferAsync(transfer, source.Token).AsTask();
            if (cancels)
                await source.CancelAsync();
            try
            {
                await task;
                return true;
            }
            catch (OperationCanceledException)
            {
                Cancelled++;
                return false;
            }
        }

        private ulong Stamp(ulong version, int block) =>
            (version << 40) ^ ((ulong)number << 32) ^ ((ulong)block << 16) ^ 1;
    }
}
