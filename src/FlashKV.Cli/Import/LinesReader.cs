using System.Buffers;
using FlashKV.Cli.Text;

namespace FlashKV.Cli.Import;

/// <summary>
/// A key a line, and behind the first delimiter (if there is to be one) its value; both as they
/// are, or in the notation of <see cref="ByteNotation"/>, as <c>export</c> writes them.
/// </summary>
internal sealed class LinesReader(LineScanner scanner, byte? delimiter, bool escaped)
    : RecordReader(scanner)
{
    private readonly ArrayBufferWriter<byte> _key = new();
    private readonly ArrayBufferWriter<byte> _value = new();

    protected override bool TryParse(ReadOnlyMemory<byte> record)
    {
        int keyLength = record.Length;
        ReadOnlyMemory<byte> value = default;
        if (delimiter is byte divider)
        {
            keyLength = record.Span.IndexOf(divider);
            if (keyLength < 0)
            {
                Problem = $"no delimiter ({ByteNotation.Escape([divider])}) in the line";
                return false;
            }

            value = record[(keyLength + 1)..];
        }

        Key = record[..keyLength];
        Value = value;
        return !escaped || TryUnescape();
    }

    private bool TryUnescape()
    {
        _key.ResetWrittenCount();
        _value.ResetWrittenCount();
        if (!ByteNotation.TryUnescape(Key.Span, _key, out string? problem))
        {
            Problem = $"key: {problem}";
            return false;
        }

        if (!ByteNotation.TryUnescape(Value.Span, _value, out problem))
        {
            Problem = $"value: {problem}";
            return false;
        }

        Key = _key.WrittenMemory;
        Value = _value.WrittenMemory;
        return true;
    }
}
