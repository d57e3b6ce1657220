using FlashKV.Superpipe;
using FlashKV.Superpipe.Recovery;

namespace FlashKV.SimBackend.Tests.Media;

/// <summary>Kernels that refuse io_uring, and disks that do not answer.</summary>
public sealed class UringKernelTests : IDisposable
{
    private const int BlockCount = 65_536;

    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData("Setup", LibC.ErrorNotImplemented)]
    [InlineData("Setup", LibC.ErrorPermission)]
    [InlineData("RegisterFile", LibC.ErrorPermission)]
    public void A_kernel_that_refuses_io_uring_is_done_without(string refused, int error)
    {
        using FileMedium medium = Open(new RefusingKernel(refused, error));
        Assert.False(medium.HasQueues);
        Assert.Null(medium.TakeQueue());
        AssertMovesBlocks(medium);
    }

    [Theory]
    [InlineData(LibC.ErrorNotImplemented)]
    [InlineData(LibC.ErrorPermission)]
    public void What_a_ring_does_not_take_goes_by_ordinary_calls(int error)
    {
        using FileMedium medium = Open(new RefusingKernel("Enter", error));
        AssertMovesBlocks(medium);
    }

    [Fact]
    public void A_disk_with_little_to_do_gets_small_transfers_at_once_and_then_in_groups()
    {
        CountingKernel kernel = new();
        using FileMedium medium = Open(kernel);
        using AlignedMemory memory = new(12);
        TransferQueue queue = QueueOf(medium);
        for (int i = 0; i < 12; i++)
        {
            Start(queue, memory, block: i, blockCount: 1);
        }

        // Twice what waits is to be more than what is under way.
        Assert.Equal([1, 1, 2, 3, 4], kernel.Handed);
        CollectAll(queue);
        Assert.Equal(12, kernel.Handed.Sum());
        medium.ReturnQueue(queue);
    }

    [Fact]
    public void Large_transfers_are_handed_over_together()
    {
        const int Blocks = 32;
        CountingKernel kernel = new();
        using FileMedium medium = Open(kernel);
        using AlignedMemory memory = new(3 * Blocks);
        TransferQueue queue = QueueOf(medium);
        for (int i = 0; i < 3; i++)
        {
            Start(queue, memory, i * Blocks, Blocks);
        }

        Assert.Empty(kernel.Handed);
        CollectAll(queue);
        Assert.Equal([3], kernel.Handed);
        medium.ReturnQueue(queue);
    }

    [Fact]
    public void Who_waits_for_a_silent_disk_is_told()
    {
        SilentKernel kernel = new();
        using FileMedium medium = Open(kernel);
        using AlignedMemory memory = new(1);
        TransferQueue queue = QueueOf(medium);
        MediumTransfer transfer = new() { Block = 3, BlockCount = 1, RunCount = 1 };
        TransferEnd[] ends = new TransferEnd[4];

        kernel.IsSilent = true;
        Assert.True(queue.TryStart(in transfer, [memory.Run(0, 1)], tag: 7));
        Assert.Equal(0, queue.Collect(ends, wait: true));
        Assert.Equal(0, queue.Collect(ends, wait: true));
        Assert.Equal((2, 1), (kernel.WaitsInVain, queue.Count));

        kernel.Speak();
        Assert.Equal(1, queue.Collect(ends, wait: true));
        Assert.Equal(new TransferEnd(7, MediumStatus.Good, IsExecuted: true), ends[0]);
        medium.ReturnQueue(queue);
    }

    [Fact]
    public void The_kernel_ends_a_wait_in_which_nothing_ends()
    {
        using FileMedium medium = Open(UringKernel.System);
        medium.ReturnQueue(QueueOf(medium));
        using var file = File.OpenHandle(
            _directory.File("probe"), FileMode.Create, FileAccess.Write);
        using UringRing ring = UringRing.TryCreate(8, file, UringKernel.System)!;
        if (!ring.WaitsWithLimit)
        {
            Assert.Skip("This kernel knows no limit of a wait.");
        }

        Assert.Equal(0, ring.Enter(least: 1));
        Assert.False(ring.TryTake(out _));
    }

    [Fact]
    public void A_read_that_hangs_leads_to_a_context_reset_and_is_sent_again()
    {
        SilentKernel kernel = new();
        using FileMedium medium = Open(kernel);
        medium.ReturnQueue(QueueOf(medium));
        using SimulatedAdapter adapter = new(medium);
        using SuperpipeDevice device =
            SuperpipeDevice.Open(adapter.Transport, adapter.DevicePaths[0]);
        using SuperpipeContext context = device.Attach(new AttachOptions
        {
            Clock = new SpeakingClock(kernel),
            ResponseTimeout = TimeSpan.FromSeconds(50),
        });
        using VirtualLun lun = context.OpenVirtualLun(1);
        using AlignedMemory memory = new(2);
        memory.Run(0, 1).AsSpan().Fill(0x5A);
        lun.Transfer(new BlockTransfer(BlockOperation.Write, 9, 1, memory.Run(0, 1).Address));

        kernel.IsSilent = true;
        lun.Transfer(new BlockTransfer(BlockOperation.Read, 9, 1, memory.Run(1, 1).Address));

        Assert.Equal(-1, memory.Run(1, 1).AsSpan().IndexOfAnyExcept((byte)0x5A));
        Assert.Equal(1, context.GetStatistics().ContextResets);
        Assert.Equal(1, context.CountRetries(RetryReason.ContextReset));
        Assert.Equal(0, context.GetStatistics().Failures);
        Assert.True(kernel.WaitsInVain > 1);
    }

    [Fact]
    public void A_disk_that_never_answers_ends_the_context_and_is_said_to_hold_the_buffers()
    {
        using Silence silence = new(this);
        long held = SuperpipeContext.HeldCommandsOfProcess;
        DeviceException failure = Assert.Throws<DeviceException>(silence.Read);
        Assert.True(failure.HoldsBuffers);
        Assert.Equal(Errno.NoDevice, failure.Errno);
        Assert.Equal(1, silence.Context.GetStatistics().HeldCommands);
        Assert.True(SuperpipeContext.HeldCommandsOfProcess > held);
        Assert.Equal(-1, silence.Buffer.AsSpan().IndexOfAnyExcept((byte)0));

        // The next is refused without having been sent.
        Assert.False(Assert.Throws<DeviceException>(silence.Read).HoldsBuffers);

        // It was no idle fear: the disk answers after all, into memory of a call that has failed.
        silence.Kernel.Speak();
        Assert.Equal(-1, silence.Buffer.AsSpan().IndexOfAnyExcept(Silence.Written));
    }

    [Fact]
    public async Task Who_cancels_a_transfer_hears_that_its_buffers_are_held()
    {
        using Silence silence = new(this);
        using CancellationTokenSource cancellation = new();
        ValueTask reading = silence.ReadAsync(cancellation.Token);
        await cancellation.CancelAsync();
        DeviceException failure =
            await Assert.ThrowsAsync<DeviceException>(async () => await reading);
        Assert.True(failure.HoldsBuffers);
        silence.Kernel.Speak();
    }

    private FileMedium Open(UringKernel kernel) => FileMedium.Open(
        _directory.File("medium"), BlockCount, direct: true, FileAccessMethod.Best, kernel);

    private static void Start(
        TransferQueue queue, AlignedMemory memory, int block, int blockCount)
    {
        MediumTransfer transfer = new()
        {
            Operation = MediumOperation.Write,
            Block = block,
            BlockCount = blockCount,
            RunCount = 1,
        };
        Assert.True(queue.TryStart(in transfer, [memory.Run(block, blockCount)], block));
    }

    private static void CollectAll(TransferQueue queue)
    {
        TransferEnd[] ends = new TransferEnd[16];
        while (queue.Count > 0)
        {
            foreach (TransferEnd end in ends.AsSpan(0, queue.Collect(ends, wait: true)))
            {
                Assert.Equal((MediumStatus.Good, true), (end.Status, end.IsExecuted));
            }
        }
    }

    private static TransferQueue QueueOf(FileMedium medium)
    {
        TransferQueue? queue = medium.TakeQueue();
        if (queue is null)
        {
            Assert.Skip("This system has no io_uring for this file.");
        }

        return queue;
    }

    private static void AssertMovesBlocks(FileMedium medium)
    {
        const int Blocks = 4;
        using AlignedMemory memory = new(2 * Blocks);
        for (int i = 0; i < Blocks; i++)
        {
            memory.Run(i, 1).AsSpan().Fill((byte)(i + 1));
        }

        Execute(MediumOperation.Write, first: 0);
        Execute(MediumOperation.Read, first: Blocks);
        Assert.Equal(memory.Run(0, Blocks).AsSpan(), memory.Run(Blocks, Blocks).AsSpan());

        // Every second block, so that there is more than one transfer.
        void Execute(MediumOperation operation, int first)
        {
            MediumTransfer[] transfers = [.. Enumerable.Range(0, Blocks).Select(block =>
                new MediumTransfer
                {
                    Operation = operation,
                    Block = 2 * block,
                    BlockCount = 1,
                    FirstRun = block,
                    RunCount = 1,
                })];
            medium.Execute(
                transfers,
                [.. Enumerable.Range(first, Blocks).Select(block => memory.Run(block, 1))]);
            Assert.All(transfers, transfer => Assert.Equal(MediumStatus.Good, transfer.Status));
        }
    }

    /// <summary>
    /// A clock that moves on at each look. Once somebody waits for the end of a reset, the disk
    /// answers.
    /// </summary>
    private sealed class SpeakingClock(SilentKernel kernel) : DeviceClock
    {
        private TimeSpan _now = TimeSpan.FromDays(1);

        internal override TimeSpan Now => _now += TimeSpan.FromSeconds(20);

        internal override void Delay(TimeSpan delay)
        {
            _now += delay;
            kernel.Speak();
        }
    }

    /// <summary>A context whose disk falls silent, and a block that was written before.</summary>
    private sealed class Silence : IDisposable
    {
        internal const byte Written = 0x5A;

        private readonly FileMedium _medium;
        private readonly SimulatedAdapter _adapter;
        private readonly SuperpipeDevice _device;
        private readonly VirtualLun _lun;
        private readonly AlignedMemory _memory = new(2);

        internal Silence(UringKernelTests tests)
        {
            _medium = tests.Open(Kernel);
            _medium.ReturnQueue(QueueOf(_medium));
            _adapter = new SimulatedAdapter(_medium);
            _adapter.Driver.HungMilliseconds = 1;
            _device = SuperpipeDevice.Open(_adapter.Transport, _adapter.DevicePaths[0]);
            Context = _device.Attach(new AttachOptions
            {
                Clock = new RunningClock(),
                ResponseTimeout = TimeSpan.FromSeconds(50),
            });
            _lun = Context.OpenVirtualLun(1);
            _memory.Run(0, 1).AsSpan().Fill(Written);
            _lun.Transfer(new BlockTransfer(
                BlockOperation.Write, 9, 1, _memory.Run(0, 1).Address));
            Kernel.IsSilent = true;
        }

        internal SilentKernel Kernel { get; } = new();

        internal SuperpipeContext Context { get; }

        internal MemoryRun Buffer => _memory.Run(1, 1);

        internal void Read() => _lun.Transfer(Transfer);

        internal ValueTask ReadAsync(CancellationToken cancellationToken) =>
            _lun.TransferAsync(Transfer, cancellationToken);

        private BlockTransfer Transfer => new(BlockOperation.Read, 9, 1, Buffer.Address);

        public void Dispose()
        {
            _lun.Dispose();
            Context.Dispose();
            _device.Dispose();
            _adapter.Dispose();
            _medium.Dispose();
            _memory.Dispose();
        }
    }

    /// <summary>A clock that moves on at each look, and whose delays take no time.</summary>
    private sealed class RunningClock : DeviceClock
    {
        private long _ticks = TimeSpan.TicksPerDay;

        internal override TimeSpan Now => TimeSpan.FromTicks(
            Interlocked.Add(ref _ticks, 20 * TimeSpan.TicksPerSecond));

        internal override void Delay(TimeSpan delay) =>
            Interlocked.Add(ref _ticks, delay.Ticks);
    }
}
