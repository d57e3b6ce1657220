using FlashKV.Cli.Import;

namespace FlashKV.Cli.Tests.Import;

public sealed class CsvReaderTests
{
    [Fact]
    public void A_row_becomes_a_JSON_object_named_by_the_header() =>
        Assert.Equal(
            [
                new(2, "7", """{"id":"7","na\"me":"a,b"}"""),
                new(3, "8", """{"id":"8","na\"me":"x\ny"}"""),
                new(5, "9", """{"id":"9","na\"me":""}"""),
            ],
            Read("id,\"na\"\"me\"\n7,\"a,b\"\n8,\"x\ny\"\n9,\n", new() { KeyColumn = "id" }));

    [Fact]
    public void A_row_can_be_kept_as_it_stands() =>
        Assert.Equal(
            [new(1, "0041", "0041;LATIN CAPITAL LETTER A;Lu")],
            Read("0041;LATIN CAPITAL LETTER A;Lu\r\n", new()
            {
                KeyColumn = "1",
                HasHeader = false,
                Delimiter = (byte)';',
                Value = CsvValue.RawRow,
            }));

    [Fact]
    public void A_column_can_be_the_value() =>
        Assert.Equal(
            [new(2, "k", "\u00ff")],
            Read("a,b,c\nx,k,\u00ff\n", new()
            {
                KeyColumn = "b",
                Value = CsvValue.Column,
                ValueColumn = "3",
            }));

    [Fact]
    public void A_column_named_by_a_number_goes_before_the_number_of_a_column() =>
        Assert.Equal(
            [new(2, "y", "x,y")],
            Read("2,1\nx,y\n", new() { KeyColumn = "1", Value = CsvValue.RawRow }));

    [Fact]
    public void Columns_without_header_have_numbers_for_names() =>
        Assert.Equal(
            [new(1, "b", """{"1":"a","2":"b"}""")],
            Read("a,b\n", new() { KeyColumn = "2", HasHeader = false }));

    [Fact]
    public void Bad_rows_are_named_and_the_next_one_is_read() =>
        Assert.Equal(
            [
                new(2, "1", "1,a"),
                new(3, "", "", "fields: 3 where 2 are expected"),
                new(4, "", "", "field 2 goes on behind its closing quote"),
                new(5, "", "", "the key is empty"),
                new(6, "2", "2,b"),
                new(7, "", "", "a quoted field is not closed"),
                new(8, "3", "3,c"),
            ],
            Read(
                "k,v\n1,a\n1,2,3\n1,\"a\"b\n,x\n2,b\n4,\"d\n3,c\n",
                new() { KeyColumn = "k", Value = CsvValue.RawRow }));

    [Fact]
    public void A_row_that_JSON_cannot_hold_is_bad() =>
        Assert.Equal(
            [new(2, "", "", "not valid UTF-8, which JSON must be (see --raw and --value)")],
            Read("k,v\n1,\u00ff\n", new() { KeyColumn = "k" }));

    [Fact]
    public void What_export_writes_is_known_by_its_header() =>
        Assert.Equal(
            [
                new(2, "k", "a,\nb"),
                new(4, "\u0000\u00ff", "x"),
                new(5, "", "", "the encoding 'rot13' is not known"),
                new(6, "", "", "a field that is not base64"),
                new(7, "", "", "a field that is not base64"),
            ],
            Read(
                "key,value,encoding\nk,\"a,\nb\",\nAP8=,eA==,base64\na,b,rot13\na,eA==,base64\n"
                + "eA==,eA,base64\n",
                new()));

    [Theory]
    [InlineData("a,b\n", "c", 65, "no column 'c'; there are 2 columns: a, b")]
    [InlineData("a,b\n", "3", 65, "no column '3'; there are 2 columns: a, b")]
    [InlineData("a,b\n", "0", 65, "no column '0'; there are 2 columns: a, b")]
    [InlineData("a,a\n", "a", 65, "the header names the column 'a' twice")]
    [InlineData("a,\u00ff\n", "a", 65, "the header is not valid UTF-8")]
    [InlineData("a,\"b\nc\n", "a", 65, "the header: a quoted field is not closed")]
    [InlineData("a,\"b\"c\n", "a", 65, "the header: field 2 goes on behind its closing quote")]
    [InlineData("a,b\n", null, 2, "say which column is the key (--key): 2 columns: a, b")]
    public void A_header_that_cannot_be_used_ends_it(
        string text, string? key, int exitCode, string message)
    {
        ToolException failure =
            Assert.Throws<ToolException>(() => Read(text, new() { KeyColumn = key }));

        Assert.Equal(exitCode, failure.ExitCode);
        Assert.Equal(message, failure.Message);
    }

    [Theory]
    [InlineData("")]
    [InlineData("\n\r\n")]
    [InlineData("a,b")]
    public void Nothing_but_a_header_is_no_record(string text) =>
        Assert.Empty(Read(text, new() { KeyColumn = "a" }));

    private static List<ReadRecord> Read(string text, CsvSettings settings)
    {
        CsvRowScanner scanner = new(ReadRecord.Input(text), 1_000, settings.Delimiter);
        using CsvReader reader = new(scanner, settings);
        return ReadRecord.All(reader);
    }
}
