namespace FlashKV.Cli;

/// <summary>The formats' names on the command line and in file names.</summary>
internal static class RecordFormats
{
    /// <summary>What <c>import --format</c> accepts.</summary>
    public static readonly string[] Names = ["jsonl", "csv", "lines"];

    /// <summary>What <c>export --format</c> accepts.</summary>
    public static readonly string[] ExportNames = [.. Names, "parquet", "arrow"];

    /// <summary>The format that <paramref name="name"/> names, or the one that the name of the
    /// file tells.</summary>
    /// <param name="name">One of <paramref name="accepted"/>, or null.</param>
    /// <param name="path">The file.</param>
    /// <param name="accepted">The names of the formats that there are.</param>
    /// <exception cref="ToolException">Neither tells it.</exception>
    public static RecordFormat Choose(string? name, string path, string[] accepted)
    {
        string? chosen = name ?? Guess(path);
        return accepted.Contains(chosen) ? Named(chosen!) : throw new ToolException(
            ExitCode.Usage,
            $"'{path}' does not tell the format: say --format {List(accepted)}");
    }

    /// <summary>Names in a sentence: a, b or c.</summary>
    public static string List(string[] names) =>
        $"{string.Join(", ", names[..^1])} or {names[^1]}";

    /// <summary>Whether the name of the file says that tabs divide its columns.</summary>
    public static bool IsTabSeparated(string path) => Extension(path) == ".TSV";

    private static RecordFormat Named(string name) => name switch
    {
        "jsonl" => RecordFormat.JsonLines,
        "csv" => RecordFormat.Csv,
        "parquet" => RecordFormat.Parquet,
        "arrow" => RecordFormat.Arrow,
        _ => RecordFormat.Lines,
    };

    private static string? Guess(string path) => Extension(path) switch
    {
        ".JSONL" or ".NDJSON" => "jsonl",
        ".CSV" or ".TSV" => "csv",
        ".TXT" or ".LINES" or ".LST" => "lines",
        ".PARQUET" => "parquet",
        ".ARROW" or ".FEATHER" => "arrow",
        _ => null,
    };

    private static string Extension(string path) =>
        Path.GetExtension(path).ToUpperInvariant();
}
