using System.Reflection;
using System.Runtime.Loader;

namespace FlashKV.Simulation.Mutations;

/// <summary>
/// The store with the mistakes in it, and the simulation bound to it instead of to the shipped one.
/// </summary>
internal sealed class MutantStore : IDisposable
{
    private readonly Context _context;
    private readonly PropertyInfo _active;
    private readonly MethodInfo _run;

    public MutantStore(IReadOnlyList<Mutation> mutations)
    {
        _context = new Context(MutantCompiler.Compile(mutations));
        Assembly store = _context.LoadFromAssemblyName(new AssemblyName("FlashKV"));
        Assembly simulation = _context.LoadFromAssemblyName(new AssemblyName("FlashKV.Simulation"));
        _active = store.GetType("FlashKV.Mutant", throwOnError: true)!.GetProperty("Active")!;
        _run = simulation.GetType(typeof(MutantProbe).FullName!, throwOnError: true)!
            .GetMethod(nameof(MutantProbe.Run))!;
    }

    /// <summary>Makes a mistake, and explores.</summary>
    /// <param name="mutation">The mistake; null to make none.</param>
    /// <param name="foundBy">What to explore.</param>
    /// <param name="seed">The seed.</param>
    /// <returns>What was found; null if nothing was.</returns>
    public string? Run(Mutation? mutation, string foundBy, int seed)
    {
        _active.SetValue(null, mutation?.Name);
        return (string?)_run.Invoke(null, [foundBy, seed]);
    }

    public void Dispose() => _context.Unload();

    private sealed class Context(byte[] store) : AssemblyLoadContext("mutants", isCollectible: true)
    {
        protected override Assembly? Load(AssemblyName assemblyName) => assemblyName.Name switch
        {
            "FlashKV" => LoadFromStream(new MemoryStream(store)),
            "FlashKV.Simulation" => LoadFromAssemblyPath(typeof(MutantStore).Assembly.Location),
            _ => null,
        };
    }
}
