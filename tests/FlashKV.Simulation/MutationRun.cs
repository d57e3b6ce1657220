using FlashKV.Simulation.Mutations;

namespace FlashKV.Simulation;

/// <summary>Makes every mistake and says what finds it.</summary>
internal static class MutationRun
{
    private const int Seed = 1;
    private const int ShownCharacters = 200;

    /// <summary>Runs the mistakes whose names have a text in them; "all" is all.</summary>
    /// <returns>0 if all were found.</returns>
    public static int Run(string text)
    {
        int missed = 0;
        int ran = 0;
        Console.WriteLine("| mistake | looked for by | found as |\n|---|---|---|");
        using var store = new MutantStore(Mutations.Mutations.All);
        foreach (Mutation mutation in Mutations.Mutations.All.Where(
            mutation => text == "all" || mutation.Name.Contains(text, StringComparison.Ordinal)))
        {
            string? found = store.Run(mutation, mutation.FoundBy, Seed)?.ReplaceLineEndings(" ");
            missed += found is null ? 1 : 0;
            ran++;
            string shown = found?[..Math.Min(found.Length, ShownCharacters)] ?? "NOT FOUND";
            Console.WriteLine($"| {mutation} | {mutation.FoundBy} | {shown} |");
        }

        Console.WriteLine($"{ran - missed} of {ran} mistakes were found.");
        return missed == 0 ? 0 : 1;
    }
}
