using FlashKV.Tests.Clones;

namespace FlashKV.Tests.Backup;

/// <summary>Processes that back a store up, or restore one, and are killed at any moment.</summary>
public sealed class BackupKillTests
{
    private const int Rounds = 4;
    private const int MostSpins = 200_000;

    // Some 20 segments more in each round.
    private const int Operations = 3_000;
    private const int ValueBytes = 4_000;
    private const int SegmentsOfRound = 16;

    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(1);

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void A_killed_backup_is_not_there_and_the_next_one_goes_on(int seed)
    {
        using BackupScenario test = new(seed, allowsClones: true);
        Random random = new(seed);
        SortedDictionary<int, Dictionary<string, string>> moments = [];
        int unfinished = 0;
        for (int round = 0; round < Rounds; round++)
        {
            test.Write(Operations, keys: 20_000, ValueBytes);
            for (int kill = random.Next(1, 4); kill >= 0; kill--)
            {
                // The last of a round comes to its end.
                RunBackup(test, kill == 0 ? null : random, SegmentsOfRound * (round + 1));
                int[] made = [.. Made(test).Except(moments.Keys)];
                Assert.InRange(made.Length, kill == 0 ? 1 : 0, 1);
                Array.ForEach(made, number => moments.Add(number, new(test.Model)));
                unfinished += 1 - made.Length;
            }
        }

        Assert.True(unfinished > 0, $"seed {seed}: no backup was killed before its end");
        Assert.Equal(Enumerable.Range(1, moments.Count), moments.Keys);
        Assert.Empty(StoreBackup.Verify(test.Backups));
        foreach ((int number, Dictionary<string, string> then) in moments)
        {
            Assert.Equal(then, test.Restore(number, $"restored {number}"));
        }

        Assert.True(
            SpinWait.SpinUntil(() => test.Store.GetStatistics().Clones == 0, s_patience),
            "the store holds a clone of a process that was killed");
    }

    [Theory]
    [InlineData(1)]
    public void A_killed_restore_is_not_there_and_the_next_one_begins_anew(int seed)
    {
        using BackupScenario test = new(seed);
        Random random = new(seed);
        test.Write(Operations, keys: 20_000, ValueBytes);
        test.BackUp();
        int unfinished = 0;
        for (int round = 0; round < Rounds; round++)
        {
            string name = $"restored {round}";
            using (ReaderProcess maker = ReaderProcess.Start(
                "restore", test.Backups, test[name]))
            {
                KillAfterSome(maker, random, SegmentsOfRound);
            }

            if (!Directory.Exists(test[name]))
            {
                unfinished++;
                Assert.Equal(new(test.Model), test.Restore(name: name));
            }
        }

        Assert.True(unfinished > 0, $"seed {seed}: no restore was killed before its end");
    }

    private static IEnumerable<int> Made(BackupScenario test) =>
        Directory.Exists(Path.Combine(test.Backups, "segments"))
            ? StoreBackup.List(test.Backups).Select(static info => info.Number)
            : [];

    private static void RunBackup(BackupScenario test, Random? killed, int segments)
    {
        using ReaderProcess maker = ReaderProcess.Start("backup", test["store"], test.Backups);
        if (killed is not null)
        {
            KillAfterSome(maker, killed, segments);
            return;
        }

        string line;
        do
        {
            line = maker.ReadLine();
        }
        while (line == "segment");

        Assert.Equal("done", line);
        maker.End();
    }

    private static void KillAfterSome(ReaderProcess maker, Random random, int mostSegments)
    {
        int segments = random.Next(mostSegments);
        while (segments-- > 0 && maker.ReadLine() == "segment")
        {
            // Goes on until it has come as far as that, or is done.
        }

        Thread.SpinWait(random.Next(MostSpins));
        maker.Kill();
    }
}
