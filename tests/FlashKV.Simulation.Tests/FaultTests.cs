using FlashKV.Simulation.Crashes;

namespace FlashKV.Simulation.Tests;

public sealed class FaultTests
{
    private const int Seed = 0;

    // Below, not even the superblock fits; above, MostWrites do.
    private const int LeastBlocks = 100;
    private const int MostBlocks = 1_000;
    private const int Step = 13;

    public static TheoryData<string> Names =>
        [.. Histories.All.Select(static history => history.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void A_write_that_fails_loses_nothing_that_was_acknowledged(string history)
    {
        var explorer = new FaultExplorer(Seed);

        explorer.Explore(Histories.Find(history), every: 2);

        HistoryCount.Note(explorer.Failed);
        Assert.True(explorer.Failed > 0);
    }

    public static TheoryData<string> FullKinds => [.. FullFileSystemRun.Kinds];

    // On a file system that is really full, in the files of the embedded device.
    [Theory]
    [MemberData(nameof(FullKinds))]
    public void A_full_file_system_refuses_writes_and_nothing_else(string kind)
    {
        const long FileSystemBytes = 48 << 20;
        const int MostLeft = 100;
        const int EachLeft = 25;
        for (int left = 0; left <= MostLeft; left += EachLeft)
        {
            using SmallFileSystem? files = SmallFileSystem.TryMount(FileSystemBytes);
            if (files is null)
            {
                Assert.Skip("No file system can be mounted here.");
            }

            int refused = FullFileSystemRun.Run(files, kind, left);

            Assert.True(refused > 0);
        }
    }

    [Fact]
    public void A_full_disk_can_be_read_and_emptied_and_goes_on_with_room()
    {
        var explorer = new FullDiskExplorer();
        for (int blocks = LeastBlocks; blocks < MostBlocks; blocks += Step)
        {
            explorer.Explore(blocks);
        }

        HistoryCount.Note(explorer.Created + explorer.TooSmall);
        Assert.True(explorer.Created > 0 && explorer.TooSmall > 0);
    }
}
