using System.Text;
using FlashKV.Cli.Import;
using FsCheck;
using FsCheck.Fluent;

namespace FlashKV.Cli.Tests.Import;

public sealed class LineScannerTests
{
    [Theory]
    [InlineData("", "")]
    [InlineData("a", "1:a")]
    [InlineData("a\n", "1:a")]
    [InlineData("a\n\nb", "1:a|2:|3:b")]
    [InlineData("a\r\nb\r\n", "1:a|2:b")]
    [InlineData("a\rb\n\r", "1:a\rb|2:")]
    [InlineData("\n", "1:")]
    public void Lines_end_at_line_feeds(string text, string expected) =>
        Assert.Equal(expected, Describe(new LineScanner(ReadRecord.Input(text), 100)));

    [Fact]
    public void A_byte_order_mark_at_the_start_is_no_data() =>
        Assert.Equal("1:a|2:\u00ef\u00bb\u00bfb", Describe(
            new LineScanner(ReadRecord.Input("\u00ef\u00bb\u00bfa\n\u00ef\u00bb\u00bfb"), 100)));

    [Fact]
    public void A_line_of_just_the_limit_is_read_and_a_longer_one_is_named_and_passed()
    {
        string text = $"{new string('x', 5)}\r\n{new string('y', 6)}\nz\n{new string('w', 7)}";

        Assert.Equal(
            "1:xxxxx|2:TooLong|3:z|4:TooLong",
            Describe(new LineScanner(ReadRecord.Input(text), 5)));
    }

    [Fact]
    public void A_line_far_over_the_limit_is_passed_without_being_kept()
    {
        byte[] text = Encoding.ASCII.GetBytes(
            $"before\n{new string('x', 3_000_000)}\nbehind\n{new string('y', 1_000_000)}");
        using TricklingStream source = new(text, seed: 1, largestPiece: 100_000);
        LineScanner scanner = new(source, 100_000);

        Assert.Equal("1:before|2:TooLong|3:behind|4:TooLong", Describe(scanner));
        Assert.Equal(text.Length, scanner.BytesConsumed);
    }

    [Fact]
    public void Lines_longer_than_the_buffer_are_kept_whole()
    {
        string line = new('x', 2_000_003);

        Assert.Equal(
            $"1:a|2:{line}|3:b",
            Describe(new LineScanner(ReadRecord.Input($"a\n{line}\nb"), 10_000_000)));
    }

    [Fact]
    public void Pieces_do_not_matter() =>
        Prop.ForAll(
            ArbMap.Default.ArbFor<NonNull<string>[]>(),
            ArbMap.Default.ArbFor<int>(),
            (lines, seed) =>
            {
                string text = string.Join('\n', lines.Select(line => line.Get));
                byte[] bytes = Encoding.UTF8.GetBytes(text);
                using TricklingStream source = new(bytes, seed, largestPiece: 3);
                return Describe(new LineScanner(source, 1_000))
                    == Describe(new LineScanner(new MemoryStream(bytes), 1_000));
            })
            .QuickCheckThrowOnFailure();

    internal static string Describe(RecordScanner scanner)
    {
        List<string> found = [];
        ScanResult result;
        while ((result = scanner.Next()) != ScanResult.End)
        {
            string text = result == ScanResult.Record
                ? Encoding.Latin1.GetString(scanner.Record.Span) : result.ToString();
            found.Add($"{scanner.LineNumber}:{text}");
        }

        return string.Join('|', found);
    }
}
