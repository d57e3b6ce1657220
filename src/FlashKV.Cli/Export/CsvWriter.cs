using System.Buffers;
using System.Buffers.Text;
using System.Text;
using System.Text.Unicode;

namespace FlashKV.Cli.Export;

/// <summary>
/// CSV as <see cref="CsvFormat"/> says; every row, the header too, ends in a line feed.
/// </summary>
internal sealed class CsvWriter : RecordWriter
{
    private static readonly SearchValues<byte> s_needsQuotes = SearchValues.Create("\",\r\n"u8);

    public CsvWriter(Stream output)
        : base(output) =>
        Pending.Write(Encoding.UTF8.GetBytes(string.Join(',', CsvFormat.Columns!) + '\n'));

    protected override void Append(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        if (Utf8.IsValid(key) && Utf8.IsValid(value))
        {
            WriteText(key);
            Pending.Write(","u8);
            WriteText(value);
            Pending.Write(",\n"u8);
            return;
        }

        WriteBase64(key);
        Pending.Write(","u8);
        WriteBase64(value);
        Pending.Write(","u8);
        Pending.Write(CsvFormat.Base64Encoding);
        Pending.Write("\n"u8);
    }

    private void WriteText(ReadOnlySpan<byte> text)
    {
        if (!text.ContainsAny(s_needsQuotes))
        {
            Pending.Write(text);
            return;
        }

        Pending.Write("\""u8);
        int quote;
        while ((quote = text.IndexOf((byte)'"')) >= 0)
        {
            Pending.Write(text[..(quote + 1)]);
            Pending.Write("\""u8);
            text = text[(quote + 1)..];
        }

        Pending.Write(text);
        Pending.Write("\""u8);
    }

    private void WriteBase64(ReadOnlySpan<byte> bytes)
    {
        Span<byte> room = Pending.GetSpan(Base64.GetMaxEncodedToUtf8Length(bytes.Length) + 1);
        Base64.EncodeToUtf8(bytes, room, out _, out int length);
        Pending.Advance(length);
    }
}
