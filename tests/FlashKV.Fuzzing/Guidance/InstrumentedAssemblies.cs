using System.Reflection;
using System.Runtime.Loader;
using SharpFuzz;

namespace FlashKV.Fuzzing.Guidance;

/// <summary>
/// This program once more, bound to copies of the libraries in which SharpFuzz counts branches. The
/// files that were built stay as they are.
/// </summary>
internal sealed class InstrumentedAssemblies : AssemblyLoadContext
{
    private static readonly string[] s_instrumented =
        ["FlashKV", "FlashKV.Superpipe", "FlashKV.SimBackend", "FlashKV.Cli"];

    private static readonly string[] s_rebound = ["FlashKV.Simulation", "FlashKV.Fuzzing"];

    private static readonly Lazy<InstrumentedAssemblies> s_instance =
        new(static () => new InstrumentedAssemblies());

    private readonly Dictionary<string, byte[]> _images = [];

    private InstrumentedAssemblies()
        : base("instrumented")
    {
        TraceMemory.Create();
        string directory = Directory.CreateTempSubdirectory("flashkv-fuzzing-").FullName;
        try
        {
            foreach (string name in s_instrumented)
            {
                string copy = Path.Combine(directory, name + ".dll");
                File.Copy(PathOf(name), copy);
                _ = Fuzzer.Instrument(copy, static _ => true, Options.Value).ToArray();
                _images.Add(name, File.ReadAllBytes(copy));
            }
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    /// <summary>Calls a static method of the copy of a type of this program.</summary>
    public static object? Call(Type type, string method, params object?[] arguments) =>
        s_instance.Value
            .LoadFromAssemblyName(new AssemblyName(type.Assembly.GetName().Name!))
            .GetType(type.FullName!, throwOnError: true)!
            .GetMethod(method)!
            .Invoke(null, arguments);

    /// <inheritdoc/>
    protected override Assembly? Load(AssemblyName assemblyName)
    {
        string name = assemblyName.Name!;
        return _images.TryGetValue(name, out byte[]? image)
            ? LoadFromStream(new MemoryStream(image))
            : s_rebound.Contains(name) ? LoadFromAssemblyPath(PathOf(name)) : null;
    }

    private static string PathOf(string name) =>
        Path.Combine(AppContext.BaseDirectory, name + ".dll");
}
