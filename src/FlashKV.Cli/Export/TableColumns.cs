using FlashKV.Analytics;

namespace FlashKV.Cli.Export;

/// <summary>
/// The columns of a table as <c>--column</c> gives them: <c>NAME[:TYPE][=SOURCE]</c>. A source is
/// <c>key</c>, <c>value</c>, <c>version</c>, or a dot and the path of a field of the value, which is
/// a JSON object then; without one the name tells it.
/// </summary>
internal static class TableColumns
{
    private static readonly string[] s_types =
        ["bytes", "text", "int", "double", "bool", "timestamp"];

    /// <summary>The schema of some columns; of none, key, value and version as they are.</summary>
    /// <exception cref="ToolException">One cannot be understood, or two have one name.</exception>
    public static TableSchema Parse(IReadOnlyList<string> columns)
    {
        if (columns.Count == 0)
        {
            return TableSchema.KeyValue;
        }

        try
        {
            return new TableSchema([.. columns.Select(Parse)]);
        }
        catch (ArgumentException refusal)
        {
            throw new ToolException(
                ExitCode.Usage, FailureReport.Refusal(refusal), refusal);
        }
    }

    private static TableColumn Parse(string text)
    {
        int equals = text.IndexOf('=', StringComparison.Ordinal);
        string head = equals < 0 ? text : text[..equals];
        int colon = head.LastIndexOf(':');
        string name = colon < 0 ? head : head[..colon];
        string source = equals >= 0 ? text[(equals + 1)..]
            : name is "key" or "value" or "version" ? name : "." + name;
        string? type = colon < 0 ? null : head[(colon + 1)..];
        if (name.Length == 0 || (type is not null && !s_types.Contains(type)))
        {
            throw Misuse(
                $"'{text}' is no column: NAME[:TYPE][=SOURCE] with a type "
                + RecordFormats.List(s_types));
        }

        return source switch
        {
            "version" => type is null or "int" ? TableColumn.Version(name)
                : throw Misuse($"the version is an int, and no {type}"),
            "key" => Raw(name, type, static entry => entry.Key),
            "value" => Raw(name, type, static entry => entry.Value),
            ['.', _, ..] => Field(name, type, source[1..]),
            _ => throw Misuse(
                $"'{source}' is no source of a column: key, value, version, or .FIELD of a value "
                + "in JSON"),
        };
    }

    private static TableColumn Raw(
        string name, string? type, Func<StoreEntry, ReadOnlySpan<byte>> read) => type switch
        {
            null or "bytes" => TableColumn.Bytes(name, read),
            "text" => TableColumn.Text(name, read),
            _ => Typed(name, type, new RawField(name, read)),
        };

    private static TableColumn Field(string name, string? type, string path) => type switch
    {
        "bytes" => throw Misuse($"bytes are key or value, and '.{path}' is a field: text"),
        _ => Typed(name, type ?? "text", new JsonValueField(name, path)),
    };

    private static TableColumn Typed(string name, string type, TableField field) => type switch
    {
        "int" => TableColumn.Int64(name, field.ReadInt64),
        "double" => TableColumn.Double(name, field.ReadDouble),
        "bool" => TableColumn.Boolean(name, field.ReadBoolean),
        "timestamp" => TableColumn.Timestamp(name, field.ReadTimestamp),
        _ => TableColumn.Text(name, field.ReadText),
    };

    private static ToolException Misuse(string problem) => new(ExitCode.Usage, problem);
}
