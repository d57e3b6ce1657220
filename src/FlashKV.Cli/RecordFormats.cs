namespace FlashKV.Cli;

/// <summary>The formats' names on the command line and in file names.</summary>
internal static class RecordFormats
{
    /// <summary>What <c>--format</c> accepts.</summary>
    public static readonly string[] Names = ["jsonl", "csv", "lines"];

    /// <summary>The format that <paramref name="name"/> names, or the one that the name of the
    /// file tells.</summary>
    /// <exception cref="ToolException">Neither tells it.</exception>
    public static RecordFormat Choose(string? name, string path) => name switch
    {
        "jsonl" => RecordFormat.JsonLines,
        "csv" => RecordFormat.Csv,
        "lines" => RecordFormat.Lines,
        _ => Guess(path) ?? throw new ToolException(
            ExitCode.Usage, $"'{path}' does not tell the format: say --format jsonl, csv or lines"),
    };

    /// <summary>Whether the name of the file says that tabs divide its columns.</summary>
    public static bool IsTabSeparated(string path) => Extension(path) == ".TSV";

    private static RecordFormat? Guess(string path) => Extension(path) switch
    {
        ".JSONL" or ".NDJSON" => RecordFormat.JsonLines,
        ".CSV" or ".TSV" => RecordFormat.Csv,
        ".TXT" or ".LINES" or ".LST" => RecordFormat.Lines,
        _ => null,
    };

    private static string Extension(string path) =>
        Path.GetExtension(path).ToUpperInvariant();
}
