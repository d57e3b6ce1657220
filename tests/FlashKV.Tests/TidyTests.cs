using System.Text.RegularExpressions;

namespace FlashKV.Tests;

/// <summary>Rules of the house that no compiler checks.</summary>
public sealed partial class TidyTests
{
    private const int MaxColumns = 100;

    // The last word of a comment may stand out.
    private const int MaxCommentColumns = 110;

    // Pointers, and what is as unchecked as they are, stay in these folders of the libraries.
    private static readonly string[] s_unsafeFolders =
    [
        "src/FlashKV/Memory/",
        "src/FlashKV/Index/", // Buckets are cache lines of unmanaged memory.
        "src/FlashKV.Superpipe/Abi/",
        "src/FlashKV.Superpipe/Commands/",
        "src/FlashKV.Superpipe/Interop/",
        "src/FlashKV.Superpipe/Mmio/",
        "src/FlashKV.SimBackend/Afu/",
        "src/FlashKV.SimBackend/Media/",
        "src/FlashKV.SimBackend/Sharing/",
    ];

    // Exceptions, each with its reason.
    private static readonly string[] s_unsafeFiles =
    [
        // The arguments of an ioctl and what an event read gives are bytes of ABI structs.
        "src/FlashKV.Superpipe/Control/AttachedContext.Calls.cs",
        "src/FlashKV.Superpipe/Control/AttachedContext.Events.cs",
        "src/FlashKV.Superpipe/Control/DeviceChannel{TRegisters}.cs",
    ];

    private static readonly string s_root = FindRoot();

    private static readonly string[] s_sources =
        [.. new[] { "src", "bench", "eng", "samples", "tests" }.SelectMany(FilesIn)];

    private static readonly string[] s_documents =
    [
        .. Directory.EnumerateFiles(s_root, "*.md").Select(Relative),
        .. new[] { "docs", "data" }.SelectMany(
            folder => Directory.EnumerateFiles(Path.Combine(s_root, folder), "*.md"))
            .Select(Relative),
    ];

    [Fact]
    public void Lines_of_code_end_by_column_100() =>
        Assert.Empty(FindLines(s_sources, static line =>
            line.Length > (IsComment(line) ? MaxCommentColumns : MaxColumns)));

    [Fact]
    public void Nothing_is_left_for_later() =>
        Assert.Empty(FindLines(
            s_sources.Concat(s_documents).Where(static file =>
                !file.EndsWith("/TidyTests.cs", StringComparison.Ordinal)),
            static line => Postponed().IsMatch(line)));

    [Fact]
    public void Unsafe_code_stays_in_its_folders() =>
        Assert.Empty(FindLines(
            s_sources.Where(static file =>
                file.StartsWith("src/", StringComparison.Ordinal)
                && !s_unsafeFolders.Any(folder => file.StartsWith(folder, StringComparison.Ordinal))
                && !s_unsafeFiles.Contains(file)),
            static line => !IsComment(line) && UnsafeCode().IsMatch(line)));

    [Fact]
    public void Exceptions_to_rules_are_still_needed() =>
        Assert.All(s_unsafeFiles, static file =>
            Assert.Contains(File.ReadLines(InRoot(file)), line => UnsafeCode().IsMatch(line)));

    [Fact]
    public void Only_one_file_of_the_store_names_the_simulation() =>
        Assert.Equal(
            ["src/FlashKV/Opening/EmbeddedDevice.cs"],
            FindLines(
                s_sources.Where(static file =>
                    file.StartsWith("src/FlashKV/", StringComparison.Ordinal)),
                static line => line.Contains("FlashKV.SimBackend", StringComparison.Ordinal)
                    && !IsComment(line))
                .Select(static place => place.Split(':')[0])
                .Distinct());

    [Fact]
    public void Links_in_documents_lead_somewhere()
    {
        Assert.NotEmpty(s_documents);
        Assert.Empty(s_documents.SelectMany(document => Link().Matches(ReadText(document))
            .Select(static match => match.Groups[1].Value)
            .Where(static target => !target.Contains("://", StringComparison.Ordinal))
            .Where(target => !Exists(Path.Combine(
                Path.GetDirectoryName(document)!, target.Split('#')[0])))
            .Select(target => $"{document}: {target}")));
    }

    [Fact]
    public void Files_that_documents_name_exist() =>
        Assert.Empty(s_documents.SelectMany(document => Names(document)
            .Where(static name => FileName().IsMatch(name) && !IsFile(name))
            .Select(name => $"{document}: {name}")));

    [Fact]
    public void Types_and_members_that_the_architecture_names_exist()
    {
        Dictionary<string, string> code = s_sources
            .Where(static file => !file.StartsWith("tests/", StringComparison.Ordinal))
            .ToDictionary(static file => file, ReadCode);
        string[] names = [.. Names("ARCHITECTURE.md").Where(name => Identifier().IsMatch(name))];

        Assert.NotEmpty(names);
        string[] missing = [.. names.Where(name => !IsInCode(code, name))];
        Assert.Empty(missing);
    }

    // `Name`, or `Type.Member`, of which the file of the type must have the member.
    private static bool IsInCode(Dictionary<string, string> code, string name)
    {
        string[] parts = name.Split('<')[0].Split('.');
        string first = parts[0].Split('/')[^1];
        var last = new Regex($@"\b{parts[^1].Split('/')[^1]}\b");
        return code.Any(file =>
            (parts.Length == 1 || Path.GetFileName(file.Key).StartsWith(first + ".",
                StringComparison.Ordinal))
            && last.IsMatch(file.Value));
    }

    // A path from the root, a folder or a file of a project, or the name of a file anywhere.
    private static bool IsFile(string name) =>
        Exists(name)
        || s_sources.Any(file => ("/" + file).Contains(
            name.EndsWith('/') ? $"/{name}" : $"/{name.TrimStart('/')}", StringComparison.Ordinal));

    private static IEnumerable<string> Names(string document) =>
        Code().Matches(ReadText(document)).Select(static match => match.Groups[1].Value).Distinct();

    private static string[] FindLines(IEnumerable<string> files, Func<string, bool> isWrong) =>
        [.. files.SelectMany(file => File.ReadLines(InRoot(file))
            .Select((line, index) => (line, place: $"{file}:{index + 1}"))
            .Where(found => isWrong(found.line))
            .Select(static found => found.place))];

    private static IEnumerable<string> FilesIn(string folder) =>
        Directory.EnumerateFiles(Path.Combine(s_root, folder), "*.cs", SearchOption.AllDirectories)
            .Select(Relative)
            .Where(static file => !Built().IsMatch(file))
            .Order(StringComparer.Ordinal);

    private static string ReadCode(string file) => string.Join(
        '\n', File.ReadLines(InRoot(file)).Where(static line => !IsComment(line)));

    private static string ReadText(string document) => File.ReadAllText(InRoot(document));

    private static bool IsComment(string line) =>
        line.AsSpan().TrimStart().StartsWith("//", StringComparison.Ordinal);

    private static bool Exists(string path) => Path.Exists(InRoot(path));

    private static string InRoot(string path) => Path.Combine(s_root, path);

    private static string Relative(string path) =>
        Path.GetRelativePath(s_root, path).Replace('\\', '/');

    private static string FindRoot()
    {
        string? folder = AppContext.BaseDirectory;
        while (folder is not null && !File.Exists(Path.Combine(folder, "FlashKV.sln")))
        {
            folder = Path.GetDirectoryName(folder);
        }

        return folder ?? throw new InvalidOperationException("The tests lie outside the house.");
    }

    [GeneratedRegex(@"\b(TODO|FIXME|HACK|XXX|TBD)\b|NotImplementedException")]
    private static partial Regex Postponed();

    [GeneratedRegex(@"\bunsafe\b|\bUnsafe\.|\bMemoryMarshal\b")]
    private static partial Regex UnsafeCode();

    [GeneratedRegex(@"(^|/)(bin|obj)/")]
    private static partial Regex Built();

    [GeneratedRegex(@"\]\(([^)\s]+)\)")]
    private static partial Regex Link();

    [GeneratedRegex(@"`([^`\n]+)`")]
    private static partial Regex Code();

    [GeneratedRegex(@"^((src|tests|bench|eng|docs|data|\.ci)/\S*|[A-Z]\w*/|[\w./]+\.(cs|md))$")]
    private static partial Regex FileName();

    [GeneratedRegex(@"^([A-Z]\w*/)?[A-Z]\w+(\.[A-Z]\w+)?(<\w+>)?$")]
    private static partial Regex Identifier();
}
