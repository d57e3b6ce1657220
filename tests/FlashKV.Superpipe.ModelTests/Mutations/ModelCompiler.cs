using System.Reflection;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace FlashKV.Superpipe.Mutations;

/// <summary>
/// Compiles client, model and scenarios once more: with points at plain accesses, and with all
/// mistakes, each behind a switch. Nothing of it is in the shipped code.
/// </summary>
internal static class ModelCompiler
{
    private const string Preamble = """
        global using System;
        global using System.Collections.Generic;
        global using System.IO;
        global using System.Linq;
        global using System.Threading;
        global using System.Threading.Tasks;
        global using Xunit;
        namespace FlashKV.Superpipe;
        internal static class Mutant
        {
            public static string? Active { get; set; }
            public static bool Is(string name) => Active == name;
        }
        """;

    private static readonly CSharpParseOptions s_options = new(LanguageVersion.Preview);

    internal static Assembly Compile(IReadOnlyList<Mutation> mutations)
    {
        string root = FindRoot();
        string client = Path.Combine(root, "src", "FlashKV.Superpipe");
        string model = Path.Combine(root, "tests", "FlashKV.Superpipe.ModelTests");
        List<SyntaxTree> clientTrees =
        [
            .. Sources(client).Select(path => Parse(
                Mutate(client, path, mutations), path)),
        ];
        List<SyntaxTree> others =
        [
            Parse(Preamble, "Preamble.cs"),
            .. Sources(model)
                .Where(path => !path.Contains("/Mutations/", StringComparison.Ordinal))
                .Select(path => Parse(File.ReadAllText(path), path)),
        ];

        CSharpCompilation plain = Compilation([.. clientTrees, .. others]);
        IEnumerable<SyntaxTree> rewritten = clientTrees.Select(tree => Parse(
            new PlainAccessRewriter(plain.GetSemanticModel(tree)).Visit(tree.GetRoot())
                .ToFullString(),
            tree.FilePath));
        using MemoryStream stream = new();
        Microsoft.CodeAnalysis.Emit.EmitResult result =
            Compilation([.. rewritten, .. others]).Emit(stream);
        return result.Success
            ? Assembly.Load(stream.ToArray())
            : throw new InvalidOperationException(string.Join('\n', result.Diagnostics.Where(
                static diagnostic => diagnostic.Severity == DiagnosticSeverity.Error)));
    }

    private static SyntaxTree Parse(string text, string path) =>
        CSharpSyntaxTree.ParseText(text, s_options, path);

    private static CSharpCompilation Compilation(IEnumerable<SyntaxTree> trees) =>
        CSharpCompilation.Create(
            "FlashKV.Superpipe.Mutants",
            trees,
            ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!)
                .Split(Path.PathSeparator)
                .Where(static path =>
                    Path.GetFileNameWithoutExtension(path) != "FlashKV.Superpipe.ModelTests")
                .Select(static path => MetadataReference.CreateFromFile(path)),
            new CSharpCompilationOptions(
                OutputKind.DynamicallyLinkedLibrary,
                optimizationLevel: OptimizationLevel.Release,
                allowUnsafe: true,
                nullableContextOptions: NullableContextOptions.Enable));

    private static string Mutate(
        string root, string path, IReadOnlyList<Mutation> mutations)
    {
        // No source generators run here.
        string text = File.ReadAllText(path)
            .Replace("[LibraryImport(", "[DllImport(", StringComparison.Ordinal)
            .Replace("static partial ", "static extern ", StringComparison.Ordinal)
            .Replace(
                "StringMarshalling = StringMarshalling.Utf8",
                "CharSet = CharSet.Ansi",
                StringComparison.Ordinal);
        string file = Path.GetRelativePath(root, path);
        foreach (Mutation mutation in mutations.Where(one => one.File == file))
        {
            int first = text.IndexOf(mutation.Original, StringComparison.Ordinal);
            if (first < 0
                || text.IndexOf(mutation.Original, first + 1, StringComparison.Ordinal) >= 0)
                throw new InvalidOperationException(
                    $"'{mutation.Original}' does not stand once in {file}.");

            text = text.Replace(
                mutation.Original,
                mutation.Mutated.Replace(
                    "$", $"Mutant.Is(\"{mutation.Name}\")", StringComparison.Ordinal),
                StringComparison.Ordinal);
        }

        return text;
    }

    private static string FindRoot()
    {
        string? directory = AppContext.BaseDirectory;
        while (directory is not null && !File.Exists(Path.Combine(directory, "FlashKV.sln")))
            directory = Path.GetDirectoryName(directory);
        return directory ?? throw new InvalidOperationException("The sources are not above.");
    }

    private static IEnumerable<string> Sources(string root)
    {
        string[] built = [Path.Combine(root, "obj"), Path.Combine(root, "bin")];
        return Directory.EnumerateFiles(root, "*.cs", SearchOption.AllDirectories)
            .Where(path => !Array.Exists(
                built, folder => path.StartsWith(folder, StringComparison.Ordinal)));
    }
}
