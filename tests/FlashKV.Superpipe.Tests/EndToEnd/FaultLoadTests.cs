using FlashKV.SimBackend;
using FlashKV.SimBackend.Afu;
using FlashKV.Superpipe.Abi;
using FlashKV.Superpipe.Commands;
using FlashKV.Superpipe.Tests.Doubles;

namespace FlashKV.Superpipe.Tests.EndToEnd;

/// <summary>
/// Commands that fail by a seeded chance in every way that is worth another try: nobody notices.
/// </summary>
public class FaultLoadTests
{
    private const int OneInAll = 1000;
    private const int BatchBlocks = 128;
    private const int Rounds = 1200;

    [Theory]
    [InlineData(SubmissionMode.CommandRooms, 1)]
    [InlineData(SubmissionMode.SubmissionQueue, 2)]
    public void One_command_in_a_thousand_fails_in_every_way(SubmissionMode mode, int seed) =>
        Threads.RunOne(() =>
        {
            using SimulatedRig rig = new(mode);
            using VirtualLun lun = rig.Context.OpenVirtualLun(1);
            FaultChance[] chances = Inject(rig.Adapter, OneInAll, seed);
            for (int round = 0; round < Rounds; round++)
                SimulatedRig.RoundTrip(lun, BatchBlocks, round * 7, salt: (ulong)round);

            Assert.All(
                PassingEnding.All.Zip(chances),
                pair => Assert.True(
                    pair.Second.Struck > 0, $"{pair.First.Name} never struck, seed {seed}"));
            AssertRetriesAreExplained(rig, chances);
        });

    [Fact]
    public void Threads_that_share_a_context_notice_nothing_either()
    {
        const int Seed = 3;
        using SimulatedRig rig = new(SubmissionMode.CommandRooms, commandBlocks: 64);
        using VirtualLun lun = rig.Context.OpenVirtualLun(1);
        FaultChance[] chances = Inject(rig.Adapter, OneInAll, Seed);
        Threads.Run(4, number =>
        {
            for (int round = 0; round < 100; round++)
                SimulatedRig.RoundTrip(lun, BatchBlocks, number * 1000, salt: (ulong)round);
        });
        AssertRetriesAreExplained(rig, chances);
    }

    /// <summary>Where every command fails, the bound of the retries shows.</summary>
    [Fact]
    public void Each_way_fails_for_good_after_its_retries()
    {
        foreach (PassingEnding way in PassingEnding.All)
        {
            using SimulatedRig rig = new(SubmissionMode.CommandRooms);
            using VirtualLun lun = rig.Context.OpenVirtualLun(1);
            using BlockBuffer buffer = new(1);
            rig.Adapter.InjectFaults(way.Ending, oneIn: 1, seed: 1);
            if (way.Reason is not { } reason)
            {
                lun.Transfer(Rig.Read(0, buffer, 0, 1));
                Assert.Equal(0, rig.Statistics.Retries);
                continue;
            }

            Assert.Throws<DeviceException>(() => lun.Transfer(Rig.Read(0, buffer, 0, 1)));
            Assert.Equal(CompletionPolicy.MaxRetries, rig.Context.CountRetries(reason));
            Assert.Equal(CompletionPolicy.MaxRetries, rig.Statistics.Retries);
            Assert.Equal(1, rig.Statistics.Failures);
            Assert.Equal(rig.Context.CommandBlocks, rig.Context.FreeRooms);
        }
    }

    /// <summary>The list has every answer that is judged to be worth another try.</summary>
    [Fact]
    public void The_list_of_ways_is_whole()
    {
        HashSet<(byte, byte, byte, byte)> listed = [.. PassingEnding.All.Select(way => (
            way.Ending.AfuCode, way.Ending.AfuExtra, way.Ending.ScsiStatus,
            way.Ending.FibreChannelCode))];
        foreach (SislAfuRc code in Enum.GetValues<SislAfuRc>())
        {
            AssertListed(new SislIoasa { AfuRc = code });
            AssertListed(
                new SislIoasa { AfuRc = code, AfuExtra = (byte)SislAfuDmaExtra.PageIn });
        }

        foreach (SislFcRc code in Enum.GetValues<SislFcRc>())
            AssertListed(new SislIoasa { FcRc = code });
        foreach (SislScsiRc code in Enum.GetValues<SislScsiRc>())
            AssertListed(new SislIoasa { ScsiRc = code });

        void AssertListed(SislIoasa ioasa)
        {
            CompletionAction action = CompletionPolicy.Decide(ioasa).Action;
            if (action is CompletionAction.Done or CompletionAction.Fail)
                return;

            // What the AFU adds counts with DMA errors only.
            bool isKnown = listed.Contains(
                (
                    (byte)ioasa.AfuRc, ioasa.AfuExtra, (byte)ioasa.ScsiRc, (byte)ioasa.FcRc))
                || listed.Contains(((byte)ioasa.AfuRc, 0, (byte)ioasa.ScsiRc, (byte)ioasa.FcRc));
            Assert.True(isKnown, $"{ioasa.AfuRc}, {ioasa.FcRc}, {ioasa.ScsiRc} is not listed");
        }
    }

    private static FaultChance[] Inject(SimulatedAdapter adapter, int oneInAll, int seed) =>
    [
        .. PassingEnding.All.Select((way, index) => adapter.Afu.Faults.AddChance(
            PlannedFault.Of(way.Ending),
            oneInAll * PassingEnding.All.Count,
            (seed * 1000) + index)),
    ];

    private static void AssertRetriesAreExplained(SimulatedRig rig, FaultChance[] chances)
    {
        foreach (RetryReason reason in Enum.GetValues<RetryReason>())
        {
            long struck = PassingEnding.All.Zip(chances)
                .Where(pair => pair.First.Reason == reason)
                .Sum(pair => pair.Second.Struck);
            Assert.Equal(struck, rig.Context.CountRetries(reason));
        }

        Assert.Equal(0, rig.Statistics.Failures);
        Assert.Equal(0, rig.Statistics.ContextResets);
        Assert.Equal(rig.Context.CommandBlocks, rig.Context.FreeRooms);
    }
}
