using FlashKV.Fuzzing.Guidance;

namespace FlashKV.Fuzzing;

/// <summary>
/// Runs the kept inputs of a target and so many changed ones, which follow from a seed. Nothing is
/// instrumented.
/// </summary>
internal static class Replay
{
    private const int MostDrawn = 128;

    /// <summary>Runs a target.</summary>
    /// <returns>0 if nothing failed.</returns>
    public static int Run(string name, string corpus, int mutations, int seed)
    {
        using IFuzzTarget target = FuzzTargets.Create(name);
        IReadOnlyList<byte[]> kept = Corpus.Read(corpus, name);
        IReadOnlyList<byte[]> pool = [.. target.Seeds, .. kept];
        var bound = new MemoryBound();
        var mutator = new InputMutator(new Random(seed));
        int failures = pool.Count(input => !Try(target, input, bound));
        bound.Settle();
        for (int i = 0; i < mutations; i++)
        {
            byte[] input = i % 8 == 0 ? mutator.Draw(MostDrawn) : mutator.Mutate(pool);
            failures += Try(target, input, bound) ? 0 : 1;
        }

        Console.WriteLine(
            $"{name}: {target.Seeds.Count} valid inputs, {kept.Count} kept, {mutations} changed "
            + $"(seed {seed}); {failures} failed");
        return failures == 0 ? 0 : 1;
    }

    private static bool Try(IFuzzTarget target, byte[] input, MemoryBound bound)
    {
        try
        {
            bound.Begin();
            target.Run(input);
            bound.Check(target.MostManagedBytes);
            return true;
        }
        catch (Exception failure)
        {
            Console.WriteLine($"{target.Name} fails on {Convert.ToHexString(input)}\n{failure}");
            return false;
        }
    }
}
