using FlashKV.Fuzzing.Targets;

namespace FlashKV.Fuzzing;

/// <summary>All targets, by name.</summary>
internal static class FuzzTargets
{
    private static readonly Dictionary<string, Func<IFuzzTarget>> s_targets = Make();

    public static IEnumerable<string> Names => s_targets.Keys;

    /// <summary>Makes a target; whoever asks disposes it.</summary>
    public static IFuzzTarget Create(string name) => s_targets[name]();

    private static Dictionary<string, Func<IFuzzTarget>> Make()
    {
        var targets = new Dictionary<string, Func<IFuzzTarget>>
        {
            ["store"] = static () => new StoreTarget("store", staging: false),
            ["staging"] = static () => new StoreTarget("staging", staging: true),
            ["socket"] = static () => new SocketTarget(),
        };
        foreach (IFuzzTarget target in Structures.All.Concat(ImportTarget.All))
        {
            string name = target.Name;
            target.Dispose();
            targets.Add(name, () => Structures.All.Concat(ImportTarget.All)
                .Single(other => other.Name == name));
        }

        return targets;
    }
}
