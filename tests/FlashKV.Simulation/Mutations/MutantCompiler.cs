using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace FlashKV.Simulation.Mutations;

/// <summary>
/// Compiles the sources of the store with all mistakes in them, each behind a switch of its own. The
/// shipped code has neither the mistakes nor the switches.
/// </summary>
internal static class MutantCompiler
{
    private const string Name = "FlashKV";

    private const string Preamble = """
        global using System;
        global using System.Collections.Generic;
        global using System.IO;
        global using System.Linq;
        global using System.Threading;
        global using System.Threading.Tasks;
        [assembly: System.Runtime.CompilerServices.InternalsVisibleTo("FlashKV.Simulation")]
        namespace FlashKV;
        internal static class Mutant
        {
            public static string? Active { get; set; }
            public static bool Is(string name) => Active == name;
            [ThreadStatic] public static Action? Late;
        }
        """;

    /// <summary>Gives the bytes of the assembly.</summary>
    /// <exception cref="InvalidOperationException">A mutation no longer fits the sources.</exception>
    public static byte[] Compile(IReadOnlyList<Mutation> mutations)
    {
        var options = new CSharpParseOptions(LanguageVersion.Preview);
        List<SyntaxTree> trees = [CSharpSyntaxTree.ParseText(Preamble, options)];
        string root = FindSources();
        foreach (string path in Sources(root))
        {
            string file = Path.GetRelativePath(root, path).Replace('\\', '/');
            string text = Mutate(
                File.ReadAllText(path), mutations.Where(mutation => mutation.File == file));
            trees.Add(CSharpSyntaxTree.ParseText(text, options, file));
        }

        var compilation = CSharpCompilation.Create(
            Name,
            trees,
            References(),
            new CSharpCompilationOptions(
                OutputKind.DynamicallyLinkedLibrary,
                optimizationLevel: OptimizationLevel.Release,
                allowUnsafe: true,
                nullableContextOptions: NullableContextOptions.Enable));
        using var stream = new MemoryStream();
        Microsoft.CodeAnalysis.Emit.EmitResult result = compilation.Emit(stream);
        return result.Success
            ? stream.ToArray()
            : throw new InvalidOperationException(
                string.Join('\n', result.Diagnostics.Where(
                    static diagnostic => diagnostic.Severity == DiagnosticSeverity.Error)));
    }

    private static string Mutate(string text, IEnumerable<Mutation> mutations)
    {
        // No source generators run here.
        text = text.Replace("[LibraryImport(", "[DllImport(", StringComparison.Ordinal)
            .Replace(
                "private static partial ", "private static extern ", StringComparison.Ordinal);
        foreach (Mutation mutation in mutations)
        {
            int first = text.IndexOf(mutation.Original, StringComparison.Ordinal);
            if (first < 0
                || text.IndexOf(mutation.Original, first + 1, StringComparison.Ordinal) >= 0)
            {
                throw new InvalidOperationException(
                    $"'{mutation.Original}' does not stand once in {mutation.File}.");
            }

            string mutated = mutation.Mutated.Replace(
                "$", $"Mutant.Is(\"{mutation.Name}\")", StringComparison.Ordinal);
            text = text.Replace(mutation.Original, mutated, StringComparison.Ordinal);
        }

        return text;
    }

    private static string FindSources()
    {
        string? directory = AppContext.BaseDirectory;
        while (directory is not null && !File.Exists(Path.Combine(directory, "FlashKV.sln")))
        {
            directory = Path.GetDirectoryName(directory);
        }

        return Path.Combine(
            directory ?? throw new InvalidOperationException("The sources are not above."),
            "src",
            Name);
    }

    private static IEnumerable<string> Sources(string root)
    {
        string[] built = [Path.Combine(root, "obj"), Path.Combine(root, "bin")];
        return Directory.EnumerateFiles(root, "*.cs", SearchOption.AllDirectories)
            .Where(path => !Array.Exists(
                built, folder => path.StartsWith(folder, StringComparison.Ordinal)));
    }

    private static IEnumerable<MetadataReference> References()
    {
        string paths = (string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!;
        return paths.Split(Path.PathSeparator)
            .Where(static path => Path.GetFileNameWithoutExtension(path) is not Name
                and not "FlashKV.Simulation" and not "FlashKV.Simulation.Tests")
            .Select(static path => MetadataReference.CreateFromFile(path));
    }
}
