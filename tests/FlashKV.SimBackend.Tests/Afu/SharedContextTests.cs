using FlashKV.Superpipe;

namespace FlashKV.SimBackend.Tests.Afu;

/// <summary>Several threads on one context, through the real client.</summary>
public sealed class SharedContextTests : IDisposable
{
    private const int Threads = 4;
    private const int BlocksEach = 64;

    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData(SubmissionMode.CommandRooms, false, false)]
    [InlineData(SubmissionMode.SubmissionQueue, false, false)]
    [InlineData(SubmissionMode.CommandRooms, true, false)]
    [InlineData(SubmissionMode.SubmissionQueue, true, false)]
    [InlineData(SubmissionMode.CommandRooms, false, true)]
    [InlineData(SubmissionMode.CommandRooms, true, true)]
    [InlineData(SubmissionMode.SubmissionQueue, true, true)]
    public void Threads_of_one_context_find_their_own_data(
        SubmissionMode mode, bool withResets, bool onFile)
    {
        using Medium medium = onFile
            ? FileMedium.Open(_directory.File("medium"), 4 * 65_536)
            : new MemoryMedium(4 * 65_536);
        using SimulatedAdapter adapter = new(new SimulatedAdapterOptions
        {
            Luns = [new SimulatedLunOptions(medium)],
            SubmissionMode = mode,
            CommandRooms = 48,
        });
        using SuperpipeDevice device = SuperpipeDevice.Open(adapter.Transport, "/dev/sg0");
        using SuperpipeContext context = device.Attach();
        using VirtualLun lun = context.OpenVirtualLun(65_536);
        int running = Threads;
        TestThread[] threads = [.. Enumerable.Range(0, Threads).Select(index =>
            new TestThread(() =>
            {
                WriteAndRead(lun, index);
                Interlocked.Decrement(ref running);
            }))];
        for (int resets = 0; withResets && resets < 5 && Volatile.Read(ref running) > 0; resets++)
        {
            long commands = adapter.GetStatistics().Commands + 500;
            SpinWait.SpinUntil(
                () => adapter.GetStatistics().Commands >= commands, millisecondsTimeout: 2_000);
            adapter.Reset();
        }

        Array.ForEach(threads, thread => thread.Join());
        Assert.Equal(withResets, adapter.GetStatistics().Resets > 0);
    }

    private static void WriteAndRead(VirtualLun lun, int index)
    {
        using AlignedMemory written = new(BlocksEach);
        using AlignedMemory read = new(BlocksEach);
        Random random = new(index);
        BlockTransfer[] batch = new BlockTransfer[16];
        for (int round = 0; round < 150; round++)
        {
            int[] blocks = [.. Enumerable.Range(0, BlocksEach)];
            random.Shuffle(blocks);
            foreach (int block in blocks.AsSpan(0, batch.Length))
            {
                random.NextBytes(written.Block(block));
            }

            Transfer(lun, BlockOperation.Write, index, blocks, written, batch);
            Transfer(lun, BlockOperation.Read, index, blocks, read, batch);
            foreach (int block in blocks.AsSpan(0, batch.Length))
            {
                bool isSame = written.Block(block).SequenceEqual(read.Block(block));
                Assert.True(isSame, $"thread {index}, round {round}, block {block}");
            }
        }
    }

    // The threads' blocks lie interleaved, so that they become neighbours in the AFU.
    private static void Transfer(
        VirtualLun lun,
        BlockOperation operation,
        int index,
        int[] blocks,
        AlignedMemory memory,
        BlockTransfer[] batch)
    {
        for (int i = 0; i < batch.Length; i++)
        {
            nint address = memory.Run(blocks[i], 1).Address;
            long lba = (blocks[i] * Threads) + index;
            batch[i] = new BlockTransfer(operation, lba, 1, address);
        }

        lun.Transfer(batch);
    }
}
