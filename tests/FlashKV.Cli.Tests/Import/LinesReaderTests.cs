using FlashKV.Cli.Import;

namespace FlashKV.Cli.Tests.Import;

public sealed class LinesReaderTests
{
    [Fact]
    public void A_line_is_a_key_without_value() =>
        Assert.Equal(
            [new(1, "a\tb", ""), new(3, " ", ""), new(4, "\u00ff\\x", "")],
            Read("a\tb\r\n\n \n\u00ff\\x", null, escaped: false));

    [Fact]
    public void A_delimiter_parts_key_and_value_where_it_comes_first() =>
        Assert.Equal(
            [
                new(1, "a", "b=c"),
                new(2, "k", ""),
                new(3, "", "", "no delimiter (=) in the line"),
                new(4, "", "", "the key is empty"),
            ],
            Read("a=b=c\nk=\nx\n=v\n", (byte)'=', escaped: false));

    [Fact]
    public void The_notation_of_export_is_read_back() =>
        Assert.Equal(
            [
                new(1, "a\tb", "\n\\\u00ff"),
                new(2, "", "", "key: the escape at byte 2 is none of \\\\ \\t \\n \\r \\xHH"),
                new(3, "", "", "value: the escape at byte 1 is none of \\\\ \\t \\n \\r \\xHH"),
            ],
            Read("a\\tb\t\\n\\\\\\xff\na\\q\tb\na\t\\x0\n", (byte)'\t', escaped: true));

    private static List<ReadRecord> Read(string text, byte? delimiter, bool escaped)
    {
        LineScanner scanner = new(ReadRecord.Input(text), 1_000);
        using LinesReader reader = new(scanner, delimiter, escaped);
        return ReadRecord.All(reader);
    }
}
