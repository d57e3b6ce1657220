using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Unicode;
using FlashKV.Cli.Export;
using FlashKV.Cli.Text;

namespace FlashKV.Cli.Import;

/// <summary>CSV rows (RFC 4180, any one-byte delimiter): one column is the key.</summary>
internal sealed class CsvReader : RecordReader
{
    private readonly CsvSettings _settings;
    private readonly CsvRow _row;
    private readonly ArrayBufferWriter<byte> _json = new();
    private readonly Utf8JsonWriter _writer;
    private readonly ArrayBufferWriter<byte> _keyBytes = new();
    private readonly ArrayBufferWriter<byte> _valueBytes = new();
    private CsvColumns? _columns;
    private bool _isExported;
    private int _keyColumn;
    private int _valueColumn;

    public CsvReader(CsvRowScanner scanner, CsvSettings settings)
        : base(scanner)
    {
        _settings = settings;
        _row = new CsvRow(settings.Delimiter);
        _writer = new Utf8JsonWriter(_json, new JsonWriterOptions
        {
            Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        });
    }

    public override void Dispose()
    {
        _writer.Dispose();
        base.Dispose();
    }

    protected override bool IsIgnored(ReadOnlyMemory<byte> record)
    {
        if (record.IsEmpty)
        {
            return true;
        }

        if (_columns is not null || !_settings.HasHeader)
        {
            return false;
        }

        if (!_row.TryParse(record.Span, out string? problem))
        {
            throw new ToolException(ExitCode.DataError, $"the header: {problem}");
        }

        UseColumns(CsvColumns.FromHeader(_row));
        return true;
    }

    protected override bool TryParse(ReadOnlyMemory<byte> record)
    {
        if (!_row.TryParse(record.Span, out string? problem))
        {
            Problem = problem!;
            return false;
        }

        if (_columns is null)
        {
            UseColumns(CsvColumns.Numbered(_row.Count));
        }

        if (_row.Count != _columns!.Count)
        {
            Problem = $"fields: {_row.Count} where {_columns.Count} are expected";
            return false;
        }

        Key = _row[_keyColumn];
        return _isExported ? TryTakeExported() : TryTakeValue(record);
    }

    protected override ReadResult Unreadable(string problem) =>
        _columns is null && _settings.HasHeader
            ? throw new ToolException(ExitCode.DataError, $"the header: {problem}")
            : base.Unreadable(problem);

    private void UseColumns(CsvColumns columns)
    {
        _isExported = _settings.KeyColumn is null && columns.AreNamed(CsvFormat.Columns);
        if (_isExported)
        {
            _columns = columns;
            return;
        }

        if (_settings.KeyColumn is null)
        {
            throw new ToolException(
                ExitCode.Usage, $"say which column is the key (--key): {columns.Describe()}");
        }

        _keyColumn = columns.Find(_settings.KeyColumn);
        _valueColumn = _settings.ValueColumn is null ? 0 : columns.Find(_settings.ValueColumn);
        _columns = columns;
    }

    /// <summary>Takes a row as <c>export</c> writes it.</summary>
    private bool TryTakeExported()
    {
        (Key, Value) = (_row[0], _row[1]);
        if (_row[2].IsEmpty)
        {
            return true;
        }

        if (!_row[2].Span.SequenceEqual(CsvFormat.Base64Encoding))
        {
            Problem = $"the encoding '{ByteNotation.Escape(_row[2].Span)}' is not known";
            return false;
        }

        if (!Base64Field.TryDecode(Key.Span, _keyBytes) ||
            !Base64Field.TryDecode(Value.Span, _valueBytes))
        {
            Problem = "a field that is not base64";
            return false;
        }

        (Key, Value) = (_keyBytes.WrittenMemory, _valueBytes.WrittenMemory);
        return true;
    }

    private bool TryTakeValue(ReadOnlyMemory<byte> record)
    {
        switch (_settings.Value)
        {
            case CsvValue.RawRow:
                Value = record;
                return true;
            case CsvValue.Column:
                Value = _row[_valueColumn];
                return true;
            default:
                return TryWriteJson(record);
        }
    }

    private bool TryWriteJson(ReadOnlyMemory<byte> record)
    {
        if (!Utf8.IsValid(record.Span))
        {
            Problem = "not valid UTF-8, which JSON must be (see --raw and --value)";
            return false;
        }

        _json.ResetWrittenCount();
        _writer.Reset();
        _writer.WriteStartObject();
        for (int index = 0; index < _row.Count; index++)
        {
            _writer.WriteString(_columns!.JsonNames[index], _row[index].Span);
        }

        _writer.WriteEndObject();
        _writer.Flush();
        Value = _json.WrittenMemory;
        return true;
    }
}
