using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Unicode;

namespace FlashKV.Cli.Import;

/// <summary>The columns of a CSV input: their names, from the header or numbered from 1.</summary>
internal sealed class CsvColumns
{
    private readonly string[] _names;

    private CsvColumns(string[] names)
    {
        _names = names;
        JsonNames = names.Select(Encode).ToArray();
    }

    /// <summary>The names, ready for a JSON writer.</summary>
    public IReadOnlyList<JsonEncodedText> JsonNames { get; }

    public int Count => _names.Length;

    /// <summary>The columns that a header row names.</summary>
    /// <exception cref="ToolException">A name comes twice or is no text.</exception>
    public static CsvColumns FromHeader(CsvRow header)
    {
        string[] names = new string[header.Count];
        for (int index = 0; index < names.Length; index++)
        {
            names[index] = Utf8.IsValid(header[index].Span)
                ? Encoding.UTF8.GetString(header[index].Span)
                : throw new ToolException(ExitCode.DataError, "the header is not valid UTF-8");
        }

        string? twice = names.GroupBy(name => name, StringComparer.Ordinal)
            .FirstOrDefault(group => group.Count() > 1)?.Key;
        return twice is null ? new CsvColumns(names) : throw new ToolException(
            ExitCode.DataError, $"the header names the column '{twice}' twice");
    }

    /// <summary>Columns without names.</summary>
    public static CsvColumns Numbered(int count) => new(
        Enumerable.Range(1, count).Select(n => n.ToString(CultureInfo.InvariantCulture)).ToArray());

    /// <summary>Whether the names are exactly these.</summary>
    public bool AreNamed(params ReadOnlySpan<string> names) => names.SequenceEqual(_names);

    /// <summary>The offset of a column given by its name, or else by its number from 1.</summary>
    /// <exception cref="ToolException">There is no such column.</exception>
    public int Find(string column)
    {
        int index = Array.IndexOf(_names, column);
        if (index >= 0)
        {
            return index;
        }

        bool isNumber = int.TryParse(column, NumberStyles.None, null, out int number);
        return isNumber && number >= 1 && number <= Count ? number - 1 : throw new ToolException(
            ExitCode.DataError, $"no column '{column}'; there are {Describe()}");
    }

    /// <summary>The names for a message, the first few of them if there are many.</summary>
    public string Describe()
    {
        const int Shown = 12;
        string names = string.Join(", ", _names.Take(Shown));
        return Count > Shown ? $"{Count} columns: {names}, ..." : $"{Count} columns: {names}";
    }

    private static JsonEncodedText Encode(string name) =>
        JsonEncodedText.Encode(name, JavaScriptEncoder.UnsafeRelaxedJsonEscaping);
}
