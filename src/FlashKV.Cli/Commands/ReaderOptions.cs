using System.CommandLine;
using FlashKV.Cli.Import;

namespace FlashKV.Cli.Commands;

/// <summary>How <c>import</c> finds keys and values in its input.</summary>
internal sealed class ReaderOptions
{
    private const int DefaultLimitBytes = 64 << 20;
    private const int GreatestLimitBytes = 1 << 30;

    private readonly Option<string?> _format = new("--format")
    {
        Description = "jsonl, csv or lines; told by the file's extension if not given.",
    };

    private readonly Option<string?> _key = new("--key")
    {
        Description = "jsonl: the field (a.b is b within a). csv: the column's name, or its number "
            + "from 1. Not needed for what export wrote.",
        HelpName = "FIELD",
    };

    private readonly Option<string?> _value = new("--value")
    {
        Description = "The field or column that is the value (else: the whole line as it stands, "
            + "or the row as a JSON object).",
        HelpName = "FIELD",
    };

    private readonly Option<bool> _raw = new("--raw")
    {
        Description = "csv: the value is the row as it stands.",
    };

    private readonly Option<bool> _noHeader = new("--no-header")
    {
        Description = "csv: the first row is data, and columns have numbers only.",
    };

    private readonly Option<string?> _delimiter = new("--delimiter", "-d")
    {
        Description = "csv: the character between fields (a comma; a tab in .tsv). lines: the "
            + "character between key and value (else: the whole line is the key). \\t is a tab.",
        HelpName = "C",
    };

    private readonly Option<bool> _escaped = new("--escaped", "-e")
    {
        Description = "lines: key, tab and value are in the notation that export writes.",
    };

    private readonly Option<long?> _maxLine = ByteSizeOption.Create(
        "--max-line", "The longest line or row that is accepted (64M; at most 1G).");

    public ReaderOptions(Command command)
    {
        _format.AcceptOnlyFromAmong(RecordFormats.Names);
        command.Options.Add(_format);
        command.Options.Add(_key);
        command.Options.Add(_value);
        command.Options.Add(_raw);
        command.Options.Add(_noHeader);
        command.Options.Add(_delimiter);
        command.Options.Add(_escaped);
        command.Options.Add(_maxLine);
    }

    /// <summary>A reader of <paramref name="stream"/>, which came from <paramref name="path"/>.
    /// </summary>
    /// <exception cref="ToolException">The options do not go together.</exception>
    public RecordReader Open(ParseResult line, string path, Stream stream)
    {
        RecordFormat format = RecordFormats.Choose(
            line.GetValue(_format), path, RecordFormats.Names);
        RefuseForeignOptions(line, format);
        int limitBytes = LimitBytes(line);
        return format switch
        {
            RecordFormat.JsonLines => OpenJsonLines(line, new LineScanner(stream, limitBytes)),
            RecordFormat.Csv => OpenCsv(line, path, stream, limitBytes),
            _ => OpenLines(line, new LineScanner(stream, limitBytes)),
        };
    }

    private RecordReader OpenJsonLines(ParseResult line, LineScanner scanner)
    {
        if (line.GetValue(_key) is string key)
        {
            JsonField? value = line.GetValue(_value) is string path ? new JsonField(path) : null;
            return new JsonLinesReader(scanner, new JsonField(key), value);
        }

        return line.GetValue(_value) is null
            ? new ExportedJsonReader(scanner) : throw Misuse("--value needs --key");
    }

    private CsvReader OpenCsv(ParseResult line, string path, Stream stream, int limitBytes)
    {
        byte delimiter = Delimiter(line)
            ?? (byte)(RecordFormats.IsTabSeparated(path) ? '\t' : ',');
        if (delimiter is (byte)'"' or (byte)'\r' or (byte)'\n')
        {
            throw Misuse("--delimiter is neither a quote nor a line end");
        }

        string? value = line.GetValue(_value);
        if (value is not null && line.GetValue(_raw))
        {
            throw Misuse("--value and --raw exclude each other");
        }

        return new CsvReader(new CsvRowScanner(stream, limitBytes, delimiter), new CsvSettings
        {
            Delimiter = delimiter,
            HasHeader = !line.GetValue(_noHeader),
            KeyColumn = line.GetValue(_key),
            Value = value is not null ? CsvValue.Column
                : line.GetValue(_raw) ? CsvValue.RawRow : CsvValue.JsonObject,
            ValueColumn = value,
        });
    }

    private LinesReader OpenLines(ParseResult line, LineScanner scanner)
    {
        bool escaped = line.GetValue(_escaped);
        byte? delimiter = Delimiter(line) ?? (escaped ? (byte)'\t' : null);
        return delimiter is (byte)'\r' or (byte)'\n'
            ? throw Misuse("--delimiter is no line end")
            : new LinesReader(scanner, delimiter, escaped);
    }

    private void RefuseForeignOptions(ParseResult line, RecordFormat format)
    {
        Option[] foreign = format switch
        {
            RecordFormat.JsonLines => [_raw, _noHeader, _delimiter, _escaped],
            RecordFormat.Csv => [_escaped],
            _ => [_key, _value, _raw, _noHeader],
        };
        foreach (Option option in foreign)
        {
            if (line.GetResult(option) is { Implicit: false })
            {
                throw Misuse($"{option.Name} means nothing for this format");
            }
        }
    }

    private byte? Delimiter(ParseResult line) => line.GetValue(_delimiter) switch
    {
        null => null,
        "\\t" => (byte)'\t',
        [<= '\x7f' and char single] => (byte)single,
        string other => throw Misuse($"--delimiter '{other}' is not one ASCII character"),
    };

    private int LimitBytes(ParseResult line) => line.GetValue(_maxLine) switch
    {
        null => DefaultLimitBytes,
        <= GreatestLimitBytes and long bytes => (int)bytes,
        _ => throw Misuse("--max-line is at most 1G"),
    };

    private static ToolException Misuse(string problem) => new(ExitCode.Usage, problem);
}
