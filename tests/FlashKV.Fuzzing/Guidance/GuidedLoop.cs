using System.Diagnostics;

namespace FlashKV.Fuzzing.Guidance;

/// <summary>
/// Changes inputs and keeps those that take a branch as none before has, for some time. Runs among
/// instrumented assemblies.
/// </summary>
internal sealed class GuidedLoop(IFuzzTarget target, int seed)
{
    private const int MostFailures = 8;
    private const int MostKept = 48;
    private const int MostKeptBytes = 2_400;

    private readonly CoverageMap _map = new();
    private readonly MemoryBound _bound = new();
    private readonly List<byte[]> _pool = [];
    private readonly Dictionary<string, byte[]> _failures = [];
    private long _runs;

    /// <summary>Runs a target for so long.</summary>
    /// <param name="name">The target.</param>
    /// <param name="corpus">The directory with the corpora.</param>
    /// <param name="seconds">How long.</param>
    /// <param name="seed">What chance comes from.</param>
    /// <param name="keeps">Whether the corpus is written anew, with what was found.</param>
    /// <returns>0 if nothing failed.</returns>
    public static int Run(string name, string corpus, double seconds, int seed, bool keeps)
    {
        using IFuzzTarget target = FuzzTargets.Create(name);
        var loop = new GuidedLoop(target, seed);
        loop.Run([.. target.Seeds, .. Corpus.Read(corpus, name)], TimeSpan.FromSeconds(seconds));
        if (keeps)
        {
            Corpus.Write(corpus, name, loop.Distil());
        }

        return loop._failures.Count == 0 ? 0 : 1;
    }

    private void Run(IReadOnlyList<byte[]> inputs, TimeSpan time)
    {
        long start = Stopwatch.GetTimestamp();
        foreach (byte[] input in inputs)
        {
            Try(input);
        }

        _bound.Settle();
        (int first, int given) = (_map.Edges, _pool.Count);
        var mutator = new InputMutator(new Random(seed));
        while (Stopwatch.GetElapsedTime(start) < time && _failures.Count < MostFailures)
        {
            Try(mutator.Mutate(_pool));
        }

        Console.WriteLine(
            $"{target.Name}: {_runs} inputs in "
            + $"{Stopwatch.GetElapsedTime(start).TotalSeconds:f0} s, "
            + $"{first} pairs of places at first, {_map.Edges} now; {given} inputs at first, "
            + $"{_pool.Count} now; {_failures.Count} failures");
    }

    private void Try(byte[] input)
    {
        _runs++;
        bool hasFailed = false;
        TraceMemory.Clear();
        try
        {
            _bound.Begin();
            target.Run(input);
            _bound.Check(target.MostManagedBytes);
        }
        catch (Exception failure)
        {
            hasFailed = true;
            Report(input, failure);
        }

        if (!hasFailed && (_map.Merge() || _pool.Count == 0))
        {
            _pool.Add(input);
        }
    }

    // One of each kind: where it was thrown tells them apart.
    private void Report(byte[] input, Exception failure)
    {
        Exception inner = failure.InnerException ?? failure;
        string kind = $"{inner.GetType()} {inner.StackTrace?.Split('\n')[0].Trim()}";
        if (_failures.TryAdd(kind, input))
        {
            Console.WriteLine($"{target.Name} fails on {Convert.ToHexString(input)}\n{failure}");
        }
    }

    // The shortest first: what adds no pair of places to the ones before it is left out.
    private List<byte[]> Distil()
    {
        var kept = new List<byte[]>();
        _map.Forget();
        foreach (byte[] input in _pool.Where(static input => input.Length <= MostKeptBytes)
            .OrderBy(static input => input.Length))
        {
            int before = _map.Edges;
            TraceMemory.Clear();
            target.Run(input);
            _ = _map.Merge();
            if (_map.Edges > before && kept.Count < MostKept)
            {
                kept.Add(input);
            }
        }

        return kept;
    }
}
