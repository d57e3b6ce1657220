using System.Buffers;
using System.Globalization;
using System.Text;

namespace FlashKV.Cli.Text;

/// <summary>
/// The one notation in which the tool shows arbitrary bytes as text: UTF-8 as it is, except that a
/// backslash is <c>\\</c>, tab, line feed and carriage return are <c>\t</c>, <c>\n</c> and
/// <c>\r</c>, and every byte of an invisible character or of something that is not UTF-8 is
/// <c>\xHH</c>. Two different byte strings never look the same, and none contains a tab or a line
/// feed, so both may divide fields.
/// </summary>
internal static class ByteNotation
{
    private static readonly SearchValues<byte> s_plain = SearchValues.Create(PlainBytes());

    /// <summary>Appends <paramref name="bytes"/> in the notation.</summary>
    public static void Escape(ReadOnlySpan<byte> bytes, IBufferWriter<byte> output)
    {
        while (!bytes.IsEmpty)
        {
            int plain = bytes.IndexOfAnyExcept(s_plain);
            if (plain != 0)
            {
                ReadOnlySpan<byte> run = plain < 0 ? bytes : bytes[..plain];
                output.Write(run);
                bytes = bytes[run.Length..];
                continue;
            }

            bytes = bytes[EscapeCharacter(bytes, output)..];
        }
    }

    /// <summary>The notation of <paramref name="bytes"/> as a string, for messages.</summary>
    public static string Escape(ReadOnlySpan<byte> bytes)
    {
        ArrayBufferWriter<byte> output = new(Math.Max(bytes.Length, 1));
        Escape(bytes, output);
        return Encoding.UTF8.GetString(output.WrittenSpan);
    }

    /// <summary>
    /// Appends the bytes that <paramref name="text"/> stands for. Answers false, with what is
    /// wrong, at a backslash that begins none of the sequences above; some bytes may be appended by
    /// then.
    /// </summary>
    public static bool TryUnescape(
        ReadOnlySpan<byte> text, IBufferWriter<byte> output, out string? problem)
    {
        int offset = 0;
        while (true)
        {
            int backslash = text[offset..].IndexOf((byte)'\\');
            if (backslash < 0)
            {
                output.Write(text[offset..]);
                problem = null;
                return true;
            }

            output.Write(text.Slice(offset, backslash));
            offset += backslash;
            int length = UnescapeSequence(text[offset..], out byte value);
            if (length == 0)
            {
                problem = $"the escape at byte {offset + 1} is none of \\\\ \\t \\n \\r \\xHH";
                return false;
            }

            output.Write([value]);
            offset += length;
        }
    }

    private static int EscapeCharacter(ReadOnlySpan<byte> bytes, IBufferWriter<byte> output)
    {
        OperationStatus status = Rune.DecodeFromUtf8(bytes, out Rune rune, out int length);
        if (status == OperationStatus.Done && IsVisible(rune))
        {
            output.Write(bytes[..length]);
            return length;
        }

        foreach (byte value in bytes[..length])
        {
            EscapeByte(value, output);
        }

        return length;
    }

    private static bool IsVisible(Rune rune) =>
        rune.Value != '\\' && Rune.GetUnicodeCategory(rune) is not (
            UnicodeCategory.Control or UnicodeCategory.Format
            or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator);

    private static void EscapeByte(byte value, IBufferWriter<byte> output)
    {
        switch (value)
        {
            case (byte)'\\':
                output.Write("\\\\"u8);
                break;
            case (byte)'\t':
                output.Write("\\t"u8);
                break;
            case (byte)'\n':
                output.Write("\\n"u8);
                break;
            case (byte)'\r':
                output.Write("\\r"u8);
                break;
            default:
                ReadOnlySpan<byte> digits = "0123456789abcdef"u8;
                output.Write([(byte)'\\', (byte)'x', digits[value >> 4], digits[value & 15]]);
                break;
        }
    }

    /// <summary>
    /// The length of the sequence that <paramref name="text"/> begins with, or 0.
    /// </summary>
    private static int UnescapeSequence(ReadOnlySpan<byte> text, out byte value)
    {
        value = 0;
        if (text.Length < 2)
        {
            return 0;
        }

        switch (text[1])
        {
            case (byte)'\\':
                value = (byte)'\\';
                return 2;
            case (byte)'t':
                value = (byte)'\t';
                return 2;
            case (byte)'n':
                value = (byte)'\n';
                return 2;
            case (byte)'r':
                value = (byte)'\r';
                return 2;
            case (byte)'x' when text.Length >= 4:
                return TryParseHex(text[2], text[3], out value) ? 4 : 0;
            default:
                return 0;
        }
    }

    private static bool TryParseHex(byte high, byte low, out byte value) =>
        byte.TryParse(
            [(char)high, (char)low], NumberStyles.AllowHexSpecifier, null, out value);

    private static byte[] PlainBytes()
    {
        byte[] plain = new byte[0x7f - 0x20 - 1];
        int count = 0;
        for (byte value = 0x20; value < 0x7f; value++)
        {
            if (value != (byte)'\\')
            {
                plain[count++] = value;
            }
        }

        return plain;
    }
}
