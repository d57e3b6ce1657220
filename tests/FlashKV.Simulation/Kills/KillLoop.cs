using System.Diagnostics;
using FlashKV.Simulation.Model;

namespace FlashKV.Simulation.Kills;

/// <summary>
/// Starts <see cref="KilledWriter"/> over and over on one store and kills it at seeded moments: while
/// it writes, and now and then while it opens. Each start compares what is there.
/// </summary>
internal static class KillLoop
{
    private const int MostReports = 30;
    private const int MostSpins = 2_000_000;
    private const int KilledEarlyEvery = 8;

    /// <summary>Kills so many writers, then verifies the store.</summary>
    /// <param name="program">The program, which is this one.</param>
    /// <param name="directory">An empty directory.</param>
    /// <param name="kills">How many to kill.</param>
    /// <param name="seed">What the moments come from.</param>
    /// <exception cref="ModelException">An acknowledged write was lost.</exception>
    public static void Run(string program, string directory, int kills, int seed)
    {
        for (int kill = 0; kill < kills; kill++)
        {
            var random = new Random((seed * 100_000) + kill);
            using Process writer = Start(program, directory, random.Next(), isLast: false);
            Kill(writer, random, $"Seed {seed}, kill {kill}");
        }

        using Process last = Start(program, directory, 0, isLast: true);
        string said = last.StandardOutput.ReadToEnd();
        last.WaitForExit();
        if (last.ExitCode != 0)
        {
            throw new ModelException($"Seed {seed}, after {kills} kills: {said}");
        }
    }

    private static void Kill(Process writer, Random random, string place)
    {
        bool isEarly = random.Next(KilledEarlyEvery) == 0;
        if (isEarly)
        {
            Thread.SpinWait(random.Next(10 * MostSpins));
        }

        int reports = isEarly ? 0 : random.Next(1, MostReports);
        for (int i = 0; i <= reports && !isEarly; i++)
        {
            string? line = writer.StandardOutput.ReadLine();
            if (line is not "checked" and not "wrote")
            {
                throw new ModelException($"{place}: {line ?? "the writer has gone"}");
            }
        }

        Thread.SpinWait(random.Next(MostSpins));
        writer.Kill();
        string rest = writer.StandardOutput.ReadToEnd();
        writer.WaitForExit();
        if (rest.Contains("FAILED", StringComparison.Ordinal))
        {
            throw new ModelException($"{place}: {rest}");
        }
    }

    // A process that lives so shortly is not worth compiling well.
    private static Process Start(string program, string directory, int seed, bool isLast)
    {
        ProcessStartInfo start = new(program)
        {
            RedirectStandardOutput = true,
            ArgumentList = { "--writer", directory, "--seed", $"{seed}" },
            Environment =
            {
                ["DOTNET_TieredCompilation"] = "1",
                ["DOTNET_TieredPGO"] = "0",
            },
        };
        if (isLast)
        {
            start.ArgumentList.Add("--last");
        }

        return Process.Start(start)!;
    }
}
