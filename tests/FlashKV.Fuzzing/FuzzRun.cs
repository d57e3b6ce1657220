using System.CommandLine;
using FlashKV.Fuzzing.Guidance;

namespace FlashKV.Fuzzing;

/// <summary>The command line.</summary>
internal static class FuzzRun
{
    public static int Start(string[] arguments)
    {
        var target = new Argument<string>("target")
        {
            Description = $"What to run: all, or one of {string.Join(", ", FuzzTargets.Names)}.",
        };
        var corpus = new Option<string>("--corpus")
        {
            Description = "The directory with the kept inputs.",
            DefaultValueFactory = static _ => Corpus.DefaultDirectory,
        };
        var seconds = new Option<double>("--seconds")
        {
            Description = "How long each target runs, guided by coverage.",
            DefaultValueFactory = static _ => 60,
        };
        var seed = new Option<int>("--seed")
        {
            Description = "What chance comes from.",
            DefaultValueFactory = static _ => 1,
        };
        var keep = new Option<bool>("--keep")
        {
            Description = "Writes the kept inputs anew, with those that reached something.",
        };
        var replay = new Option<int>("--replay")
        {
            Description = "Instead, runs the kept inputs and so many changed ones, unguided.",
            DefaultValueFactory = static _ => -1,
        };
        var unpack = new Option<string>("--unpack")
        {
            Description = "Instead, writes the inputs as files into a directory, for AFL++.",
        };
        var afl = new Option<bool>("--afl")
        {
            Description = "Runs under afl-fuzz, which gives the inputs.",
        };
        var root = new RootCommand("Looks for inputs that decoders do not bear.")
        {
            target, corpus, seconds, seed, keep, replay, unpack, afl,
        };
        root.SetAction(result =>
        {
            string name = result.GetValue(target)!;
            string directory = result.GetValue(corpus)!;
            return Each(name, each =>
                result.GetValue(unpack) is { } path ? Unpack(each, directory, path)
                : result.GetValue(afl) ? (int)InstrumentedAssemblies.Call(
                    typeof(AflRun), nameof(AflRun.Run), each)!
                : result.GetValue(replay) >= 0 ? Replay.Run(
                    each, directory, result.GetValue(replay), result.GetValue(seed))
                : (int)InstrumentedAssemblies.Call(
                    typeof(GuidedLoop),
                    nameof(GuidedLoop.Run),
                    each,
                    directory,
                    result.GetValue(seconds),
                    result.GetValue(seed),
                    result.GetValue(keep))!);
        });
        return root.Parse(arguments).Invoke();
    }

    private static int Each(string name, Func<string, int> run)
    {
        string[] names = name == "all" ? [.. FuzzTargets.Names] : [name];
        if (!names.All(FuzzTargets.Names.Contains))
        {
            Console.Error.WriteLine($"There is no target '{name}'.");
            return 2;
        }

        return names.Select(run).ToArray().Max();
    }

    private static int Unpack(string name, string corpus, string directory)
    {
        using IFuzzTarget target = FuzzTargets.Create(name);
        Corpus.Unpack(directory, [.. target.Seeds, .. Corpus.Read(corpus, name)]);
        return 0;
    }
}
