using FlashKV.SimBackend;
using FlashKV.Superpipe.Tests.Doubles;

namespace FlashKV.Superpipe.Tests.EndToEnd;

/// <summary>Several contexts of one adapter, each with threads and awaited transfers.</summary>
public class SeveralContextsTests
{
    private const int Contexts = 3;
    private const int Resets = 40;

    [Theory]
    [InlineData(SubmissionMode.CommandRooms, 61)]
    [InlineData(SubmissionMode.SubmissionQueue, 62)]
    public void All_come_back_from_every_reset(SubmissionMode mode, int seed)
    {
        using SimulatedRig rig = new(mode, rooms: 64, commandBlocks: 64);
        SuperpipeContext[] contexts =
        [
            .. Enumerable.Range(0, Contexts).Select(_ => rig.Device.Attach(
                new AttachOptions { CommandBlocks = 32, Clock = new ManualClock() })),
        ];
        VirtualLun[] luns = [.. contexts.Select(context => context.OpenVirtualLun(1))];
        bool isOver = false;
        Threads.Run((2 * Contexts) + 1, number =>
        {
            if (number == 2 * Contexts)
            {
                ResetAgainAndAgain(rig.Adapter, contexts, new Random(seed));
                Volatile.Write(ref isOver, true);
                return;
            }

            VirtualLun lun = luns[number % Contexts];
            for (ulong i = 0; !Volatile.Read(ref isOver); i++)
            {
                if (number < Contexts)
                    SimulatedRig.RoundTrip(lun, 50, number * 1000, i);
                else
                    RoundTripByTasks(lun, 50, number * 1000, i);
            }
        });

        Assert.All(contexts, context =>
        {
            ContextStatistics statistics = context.GetStatistics();
            Assert.InRange(statistics.Recoveries, 1, Resets);
            Assert.Equal(0, statistics.Failures);
            Assert.Equal(32, context.FreeRooms);
            context.Dispose();
        });
    }

    private static void ResetAgainAndAgain(
        SimulatedAdapter adapter, SuperpipeContext[] contexts, Random random)
    {
        for (int i = 0; i < Resets; i++)
        {
            adapter.Reset();

            // Some resets come before all contexts have recovered from the one before.
            SuperpipeContext context = contexts[random.Next(contexts.Length)];
            long target = context.GetStatistics().Commands + random.Next(300);
            while (context.GetStatistics().Commands < target)
                Thread.Yield();
        }
    }

    private static void RoundTripByTasks(Lun lun, int blocks, long firstLba, ulong salt) =>
        RoundTripAsync(lun, blocks, firstLba, salt).GetAwaiter().GetResult();

    private static async Task RoundTripAsync(Lun lun, int blocks, long firstLba, ulong salt)
    {
        using BlockBuffer buffer = new(blocks);
        for (int i = 0; i < blocks; i++)
            buffer.Stamp(i, salt + (ulong)(firstLba + i));
        await lun.TransferAsync(Rig.Write(firstLba, buffer, 0, blocks));
        buffer.Bytes.Clear();
        await lun.TransferAsync(Rig.Read(firstLba, buffer, 0, blocks));
        for (int i = 0; i < blocks; i++)
            Assert.True(buffer.IsStamped(i, salt + (ulong)(firstLba + i)), $"{firstLba + i}");
    }
}
