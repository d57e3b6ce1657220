namespace FlashKV.Cli.Tests;

/// <summary>
/// Records that a careless reader or writer breaks: every byte alone and beside text, line ends and
/// delimiters of every format, what JSON, CSV and the notation escape, cut UTF-8, large ones.
/// </summary>
internal static class AwkwardRecords
{
    private static readonly string[] s_texts =
    [
        "plain", " ", "  spaces  ", "\t", "\r", "\n", "\r\n", "a\nb", "a\r\nb", ",", "\"", "\"\"",
        "\"quoted\"", "a,b", "a;b", "a\tb", "\\", "\\n", "\\x41", "\\\\x41", "{}", "[1]", "null",
        "{\"key\":\"k\",\"value\":\"v\"}", "key", "base64", "é", "ß", "東京", "😀", "e\u0301",
        "\u0000", "\u001b[31m", "\u007f", "\u0085", "\u2028", "\u2029", "\u202e", "\ufeff",
        "\ufeffk", "\uffff", "-", "--", "@file", "#", "'", "$(id)", "%s", "<control>",
    ];

    /// <summary>All of them; no two have the same key.</summary>
    public static List<KeyValuePair<byte[], byte[]>> All()
    {
        List<KeyValuePair<byte[], byte[]>> records = [];
        for (int value = 0; value < 256; value++)
        {
            records.Add(new([(byte)value], [(byte)(255 - value)]));
            records.Add(new([.. "byte "u8, (byte)value], [.. "text "u8, (byte)value, .. "."u8]));
        }

        foreach (string text in s_texts)
        {
            byte[] bytes = System.Text.Encoding.UTF8.GetBytes(text);
            records.Add(new([.. "text "u8, .. bytes], bytes));
            records.Add(new([.. bytes, .. " text"u8], [.. bytes, .. bytes]));
        }

        records.Add(new([0xe6, 0x9d], [0xe6, 0x9d, 0xb1]));
        records.Add(new([0xed, 0xa0, 0x80], [0xc0, 0x80]));
        records.Add(new("empty value"u8.ToArray(), []));
        records.Add(new(Enumerable.Repeat((byte)'k', 65_535).ToArray(), [1]));
        records.Add(new("large"u8.ToArray(), Pattern(300_000)));
        return records;
    }

    private static byte[] Pattern(int length)
    {
        byte[] bytes = new byte[length];
        new Random(20_261_124).NextBytes(bytes);
        return bytes;
    }
}
