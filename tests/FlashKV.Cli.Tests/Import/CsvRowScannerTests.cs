using System.Text;
using FlashKV.Cli.Import;
using FsCheck;
using FsCheck.Fluent;

namespace FlashKV.Cli.Tests.Import;

public sealed class CsvRowScannerTests
{
    [Theory]
    [InlineData("a,b\nc,d\n", "1:a,b|2:c,d")]
    [InlineData("\"a\nb\",c\nd", "1:\"a\nb\",c|3:d")]
    [InlineData("\"a\r\nb\"\r\nd\r\n", "1:\"a\r\nb\"|3:d")]
    [InlineData("\"a\"\"\n\"\"b\"\nd", "1:\"a\"\"\n\"\"b\"|3:d")]
    [InlineData("a\"b\nc", "1:a\"b|2:c")]
    [InlineData("x,a\"b\"\nc", "1:x,a\"b\"|2:c")]
    [InlineData("\"a\"\n", "1:\"a\"")]
    [InlineData("\"a\"", "1:\"a\"")]
    [InlineData("\"a\"b\"\nc", "1:\"a\"b\"|2:c")]
    public void A_row_ends_at_a_line_feed_outside_quoted_fields(string text, string expected) =>
        Assert.Equal(expected, Describe(ReadRecord.Input(text)));

    [Fact]
    public void A_quote_that_is_never_closed_costs_its_own_line_only() =>
        Assert.Equal(
            "1:a|2:Unclosed|3:c|4:d", Describe(ReadRecord.Input("a\n\"b\nc\nd\n")));

    [Fact]
    public void A_quote_that_is_never_closed_in_the_last_line_is_reported() =>
        Assert.Equal("1:a|2:Unclosed", Describe(ReadRecord.Input("a\n\"b")));

    [Fact]
    public void A_row_over_the_limit_is_passed_to_its_end_and_lines_are_counted_on()
    {
        string text = $"a\n\"{new string('\n', 200)}\"\nb";

        Assert.Equal("1:a|2:TooLong|203:b", Describe(ReadRecord.Input(text)));
    }

    [Fact]
    public void Pieces_do_not_matter()
    {
        Arbitrary<string> texts = Gen.Elements("a", ",", "\"", "\"\"", "\n", "\r\n")
            .ListOf().Select(parts => string.Concat(parts)).ToArbitrary();

        Prop.ForAll(texts, ArbMap.Default.ArbFor<int>(), (text, seed) =>
        {
            byte[] bytes = Encoding.UTF8.GetBytes(text);
            using TricklingStream source = new(bytes, seed, largestPiece: 2);
            return Describe(source) == Describe(new MemoryStream(bytes));
        }).QuickCheckThrowOnFailure();
    }

    private static string Describe(Stream source) =>
        LineScannerTests.Describe(new CsvRowScanner(source, 100, (byte)','));
}
