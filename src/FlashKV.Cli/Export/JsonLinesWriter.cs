using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Unicode;

namespace FlashKV.Cli.Export;

/// <summary>
/// A JSON object a line: <c>key</c> and <c>value</c> as text where they are valid UTF-8, and
/// <c>keyBase64</c> or <c>valueBase64</c> where they are not.
/// </summary>
internal sealed class JsonLinesWriter : RecordWriter
{
    // The writer takes strings of some 160 MB at most, but any number of segments.
    private const int SegmentBytes = 1 << 20;

    private readonly Utf8JsonWriter _writer;
    private readonly bool _keysOnly;

    public JsonLinesWriter(Stream output, bool keysOnly)
        : base(output)
    {
        _keysOnly = keysOnly;
        _writer = new Utf8JsonWriter(Pending, new JsonWriterOptions
        {
            Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        });
    }

    public override void Dispose()
    {
        _writer.Dispose();
        base.Dispose();
    }

    protected override void Append(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        _writer.Reset();
        _writer.WriteStartObject();
        WriteField("key"u8, "keyBase64"u8, key);
        if (!_keysOnly)
        {
            WriteField("value"u8, "valueBase64"u8, value);
        }

        _writer.WriteEndObject();
        _writer.Flush();
        Pending.Write("\n"u8);
    }

    private void WriteField(
        ReadOnlySpan<byte> textName, ReadOnlySpan<byte> base64Name, ReadOnlySpan<byte> bytes)
    {
        bool isText = Utf8.IsValid(bytes);
        _writer.WritePropertyName(isText ? textName : base64Name);
        while (bytes.Length > SegmentBytes)
        {
            WriteSegment(bytes[..SegmentBytes], isText, isFinal: false);
            bytes = bytes[SegmentBytes..];
        }

        WriteSegment(bytes, isText, isFinal: true);
    }

    private void WriteSegment(ReadOnlySpan<byte> bytes, bool isText, bool isFinal)
    {
        if (isText)
        {
            _writer.WriteStringValueSegment(bytes, isFinal);
        }
        else
        {
            _writer.WriteBase64StringSegment(bytes, isFinal);
        }
    }
}
