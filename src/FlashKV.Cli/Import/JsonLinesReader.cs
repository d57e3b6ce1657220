using System.Text.Json;
using System.Text.Unicode;

namespace FlashKV.Cli.Import;

/// <summary>
/// A JSON object a line: one field is the key, and the value is another field or the whole line.
/// </summary>
internal sealed class JsonLinesReader(LineScanner scanner, JsonField key, JsonField? value)
    : RecordReader(scanner)
{
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
            key.Find(record.Span);
            value?.Find(record.Span);
        }
        catch (JsonException failure)
        {
            Problem = JsonProblem.Describe(failure);
            return false;
        }

        return TryTakeKey(record) && TryTakeValue(record);
    }

    private bool TryTakeKey(ReadOnlyMemory<byte> record)
    {
        switch (key.Kind)
        {
            case JsonTokenType.String or JsonTokenType.Number
                or JsonTokenType.True or JsonTokenType.False:
                Key = key.BytesIn(record);
                return true;
            case JsonTokenType.None:
                Problem = $"no field '{key.Path}'";
                return false;
            default:
                Problem = $"the field '{key.Path}' is neither text, number, true nor false";
                return false;
        }
    }

    private bool TryTakeValue(ReadOnlyMemory<byte> record)
    {
        if (value is { Kind: JsonTokenType.None })
        {
            Problem = $"no field '{value.Path}'";
            return false;
        }

        Value = value?.BytesIn(record) ?? record;
        return true;
    }
}
