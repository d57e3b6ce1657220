namespace FlashKV.Simulation.Mutations;

/// <summary>A mistake that is put into the store on purpose, to see whether it is found.</summary>
/// <param name="Name">What the mistake is.</param>
/// <param name="File">The file, in src/FlashKV.</param>
/// <param name="Original">The text that is replaced; it stands there once.</param>
/// <param name="Mutated">What replaces it; <c>$</c> is true while the mistake is made.</param>
/// <param name="FoundBy">The history, or the kind of exploration, that must find it.</param>
internal sealed record Mutation(
    string Name, string File, string Original, string Mutated, string FoundBy)
{
    /// <summary>The mistake of leaving a statement out.</summary>
    public static Mutation Without(string name, string file, string statement, string foundBy) =>
        new(name, file, statement, "if (!$) { " + statement + " }", foundBy);

    public override string ToString() => Name;
}
