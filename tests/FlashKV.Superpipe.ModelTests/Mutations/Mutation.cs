namespace FlashKV.Superpipe.Mutations;

/// <summary>A deliberate mistake in the client.</summary>
/// <param name="Name">What is wrong.</param>
/// <param name="File">The source file, from the root of the client.</param>
/// <param name="Original">A text that stands there once.</param>
/// <param name="Mutated">
/// What replaces it; <c>$</c> stands for whether the mistake is to be made.
/// </param>
/// <param name="FoundBy">The test that must fail: its type and method.</param>
/// <param name="Arguments">Its arguments.</param>
public sealed record Mutation(
    string Name,
    string File,
    string Original,
    string Mutated,
    string FoundBy,
    object[] Arguments)
{
    /// <inheritdoc/>
    public override string ToString() => Name;
}
