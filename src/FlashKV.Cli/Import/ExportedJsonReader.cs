using System.Buffers;
using System.Text.Json;
using System.Text.Unicode;

namespace FlashKV.Cli.Import;

/// <summary>
/// JSON lines as <c>export</c> writes them: <c>key</c> and <c>value</c> are text,
/// <c>keyBase64</c> and <c>valueBase64</c> stand for bytes that are not.
/// </summary>
internal sealed class ExportedJsonReader(LineScanner scanner) : RecordReader(scanner)
{
    private readonly ArrayBufferWriter<byte> _key = new();
    private readonly ArrayBufferWriter<byte> _value = new();
    private readonly ArrayBufferWriter<byte> _base64 = new();
    private bool _hasKey;
    private bool _hasValue;

    protected override bool IsIgnored(ReadOnlyMemory<byte> record) =>
        record.Span.Trim(" \t\r"u8).IsEmpty;

    protected override bool TryParse(ReadOnlyMemory<byte> record)
    {
        if (!Utf8.IsValid(record.Span))
        {
            Problem = "not valid UTF-8";
            return false;
        }

        try
        {
            ReadFields(record.Span);
        }
        catch (JsonException failure)
        {
            Problem = JsonProblem.Describe(failure);
            return false;
        }

        if (!_hasKey || !_hasValue)
        {
            string missing = _hasKey ? "value" : "key";
            Problem = $"no field '{missing}' or '{missing}Base64' (is --key missing?)";
            return false;
        }

        Key = _key.WrittenMemory;
        Value = _value.WrittenMemory;
        return true;
    }

    private void ReadFields(ReadOnlySpan<byte> line)
    {
        _hasKey = false;
        _hasValue = false;
        Utf8JsonReader reader = new(line);
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
        {
            throw new JsonException("not a JSON object");
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            ReadField(ref reader);
        }

        reader.Read();
    }

    private void ReadField(ref Utf8JsonReader reader)
    {
        bool isKey = reader.ValueTextEquals("key"u8);
        bool isKeyBase64 = reader.ValueTextEquals("keyBase64"u8);
        bool isValue = reader.ValueTextEquals("value"u8);
        bool isValueBase64 = reader.ValueTextEquals("valueBase64"u8);
        reader.Read();
        if (isKey || isKeyBase64)
        {
            ReadBytes(ref reader, _key, isKeyBase64);
            _hasKey = true;
        }
        else if (isValue || isValueBase64)
        {
            ReadBytes(ref reader, _value, isValueBase64);
            _hasValue = true;
        }
        else
        {
            reader.Skip();
        }
    }

    private void ReadBytes(
        ref Utf8JsonReader reader, ArrayBufferWriter<byte> bytes, bool isBase64)
    {
        if (reader.TokenType != JsonTokenType.String)
        {
            throw new JsonException("a key or a value that is not a string (is --key missing?)");
        }

        JsonField.CopyText(ref reader, isBase64 ? _base64 : bytes);
        if (isBase64 && !Base64Field.TryDecode(_base64.WrittenSpan, bytes))
        {
            throw new JsonException("a field that is not base64");
        }
    }
}
