using System.CommandLine;
using System.Diagnostics;
using FlashKV.Simulation.Concurrency;
using FlashKV.Simulation.Crashes;
using FlashKV.Simulation.Episodes;
using FlashKV.Simulation.Fuzzing;
using FlashKV.Simulation.Kills;

namespace FlashKV.Simulation;

/// <summary>
/// Explores until the time is over, each round with another seed. The first broken promise ends it,
/// with the seed that shows it again.
/// </summary>
internal static class LongRun
{
    private const int DamagedBlocks = 100;
    private const int EpisodesPerHistory = 50;
    private const int EpisodesPerRound = 1_000;
    private const int ConcurrentRounds = 4;
    private const int Snapshots = 20;
    private const int FuzzCasesPerHistory = 20;

    public static int Start(string[] arguments)
    {
        var minutes = new Option<double>("--minutes")
        {
            Description = "How long to explore.",
            DefaultValueFactory = static _ => 1,
        };
        var seed = new Option<int>("--seed")
        {
            Description = "The seed of the first round; each round takes the next.",
            DefaultValueFactory = static _ => 1,
        };
        var mutations = new Option<string>("--mutations")
        {
            Description = "Instead, makes the mistakes whose names have this text in them, or all.",
        };
        var fuzz = new Option<bool>("--fuzz")
        {
            Description = "Instead, opens stores with changed structures; each case is a seed.",
        };
        var episodes = new Option<int>("--episodes")
        {
            Description = "Instead, runs so many episodes; each is a seed.",
        };
        var history = new Option<string>("--history")
        {
            Description = "Instead, stops one history everywhere, or all.",
        };
        var writer = new Option<string>("--writer")
        {
            Description = "Writes to the store of a directory until killed; KillLoop starts it.",
        };
        var last = new Option<bool>("--last")
        {
            Description = "With --writer, compares and verifies instead of writing.",
        };
        var root = new RootCommand("Looks for crashes that FlashKV does not survive.")
        {
            minutes,
            seed,
            mutations,
            fuzz,
            episodes,
            history,
            writer,
            last,
        };
        root.SetAction(result => result.GetValue(writer) is { } directory
            ? KilledWriter.Run(directory, result.GetValue(seed), result.GetValue(last))
            : result.GetValue(mutations) is { } text
            ? MutationRun.Run(text)
            : result.GetValue(history) is { } name
            ? Stop(name, result.GetValue(seed))
            : result.GetValue(episodes) is > 0 and var count
            ? RunEpisodes(count, result.GetValue(seed))
            : result.GetValue(fuzz)
            ? Fuzz(TimeSpan.FromMinutes(result.GetValue(minutes)), result.GetValue(seed))
            : Run(TimeSpan.FromMinutes(result.GetValue(minutes)), result.GetValue(seed)));
        return root.Parse(arguments).Invoke();
    }

    private static int Run(TimeSpan time, int seed)
    {
        long start = Stopwatch.GetTimestamp();
        try
        {
            for (; Stopwatch.GetElapsedTime(start) < time; seed++)
            {
                Round(seed, start, time);
            }

            return 0;
        }
        catch (Exception exception)
        {
            Console.WriteLine($"Seed {seed} fails: {exception}");
            return 1;
        }
    }

    private static int RunEpisodes(int count, int seed)
    {
        int failures = 0;
        for (int i = 0; i < count; i++)
        {
            try
            {
                Simulator.Run(seed + i);
            }
            catch (Model.ModelException failure)
            {
                failures++;
                Console.WriteLine(failure.Message);
            }
        }

        Console.WriteLine($"Seeds {seed} to {seed + count - 1}: {failures} failed.");
        return failures == 0 ? 0 : 1;
    }

    private static int Stop(string name, int seed)
    {
        foreach (History history in Histories.All.Where(
            history => name == "all" || history.Name == name))
        {
            long start = Stopwatch.GetTimestamp();
            var explorer = new CrashExplorer(seed);
            explorer.Explore(history);
            Console.WriteLine($"{history}: {explorer.Counts} {Stopwatch.GetElapsedTime(start)}");
        }

        return 0;
    }

    private static int Fuzz(TimeSpan time, int seed)
    {
        long start = Stopwatch.GetTimestamp();
        using var fuzzer = new StoreFuzzer();
        int first = seed;
        int failures = 0;
        for (; Stopwatch.GetElapsedTime(start) < time; seed++)
        {
            try
            {
                fuzzer.Run(seed);
            }
            catch (Model.ModelException failure)
            {
                failures++;
                Console.WriteLine(failure);
            }
        }

        Console.WriteLine(
            $"Seeds {first} to {seed - 1}: {fuzzer.Opened} opened, {fuzzer.Refused} refused, "
            + $"{failures} failed.");
        return failures == 0 ? 0 : 1;
    }

    private static void Round(int seed, long start, TimeSpan time)
    {
        int episodes = 0;
        var crashes = new CrashExplorer(seed);
        var damage = new DamageExplorer(seed);
        var faults = new FaultExplorer(seed);
        using var fuzzer = new StoreFuzzer();
        int cases = 0;
        long calls = 0;
        foreach (History history in Histories.All)
        {
            for (int i = 0; i < EpisodesPerHistory; i++)
            {
                if (Stopwatch.GetElapsedTime(start) >= time)
                {
                    break;
                }

                Simulator.Run((seed * EpisodesPerRound) + episodes++);
            }

            if (Stopwatch.GetElapsedTime(start) < time)
            {
                crashes.Explore(history);
                damage.Explore(history, DamagedBlocks);
                faults.Explore(history);
                SnapshotRun.Run(Snapshots);
                calls += ConcurrentRun.Run((seed * EpisodesPerRound) + cases, ConcurrentRounds);
                for (int i = 0; i < FuzzCasesPerHistory; i++)
                {
                    fuzzer.Run((seed * EpisodesPerRound) + cases++);
                }
            }
        }

        CrashCounts counts = crashes.Counts;
        Console.WriteLine(
            $"Seed {seed}: {episodes} episodes; {counts.Kills} kills, {counts.PowerCuts} power "
            + $"cuts, {counts.Openings} openings compared; {damage.Blocks} blocks damaged, "
            + $"{damage.Reported} reported; {faults.Failed} writes failed; {calls} concurrent "
            + $"calls have an order; {cases} changed "
            + $"images, {fuzzer.Opened} opened.");
    }
}
