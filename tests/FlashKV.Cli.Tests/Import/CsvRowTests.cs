using System.Text;
using FlashKV.Cli.Import;
using FsCheck;
using FsCheck.Fluent;
using Sylvan.Data.Csv;

namespace FlashKV.Cli.Tests.Import;

public sealed class CsvRowTests
{
    [Theory]
    [InlineData("a,b,c", "a|b|c")]
    [InlineData("", "")]
    [InlineData(",", "|")]
    [InlineData("a,", "a|")]
    [InlineData("\"a,b\",\"c\"", "a,b|c")]
    [InlineData("\"a\"\"b\",\"\"", "a\"b|")]
    [InlineData("\"\"\"\"", "\"")]
    [InlineData("a\"b,c", "a\"b|c")]
    [InlineData("\"a\nb\"", "a\nb")]
    public void Fields_lose_their_quotes(string row, string fields) =>
        Assert.Equal(fields, string.Join('|', Parse(row, ',')));

    [Theory]
    [InlineData("\"a", "a quoted field is not closed")]
    [InlineData("\"a\"b", "field 1 goes on behind its closing quote")]
    [InlineData("x,\"a\" ,y", "field 2 goes on behind its closing quote")]
    public void A_row_that_is_none_is_refused(string text, string expected)
    {
        CsvRow row = new((byte)',');

        Assert.False(row.TryParse(Encoding.UTF8.GetBytes(text), out string? problem));
        Assert.Equal(expected, problem);
    }

    [Fact]
    public void A_row_of_many_long_fields_fits()
    {
        string[] fields = Enumerable.Range(0, 1_000).Select(n => new string('x', n)).ToArray();

        Assert.Equal(fields, Parse(string.Join(';', fields), ';'));
    }

    [Fact]
    public void Another_reader_finds_the_same_fields()
    {
        Gen<string> field = Gen.Elements("a", "b c", ",", "\"", "\n", "é", "1")
            .ListOf().Select(parts => string.Concat(parts));
        Arbitrary<List<string>> rows = field.NonEmptyListOf()
            .Select(fields => fields.ToList()).ToArbitrary();

        Prop.ForAll(rows, fields =>
        {
            string text = string.Join(
                ',', fields.Select(f => $"\"{f.Replace("\"", "\"\"")}\""));
            return Parse(text, ',').SequenceEqual(fields)
                && ParseBySylvan(text).SequenceEqual(fields);
        }).QuickCheckThrowOnFailure();
    }

    private static List<string> Parse(string text, char delimiter)
    {
        CsvRow row = new((byte)delimiter);
        Assert.True(row.TryParse(Encoding.UTF8.GetBytes(text), out string? problem), problem);
        return Enumerable.Range(0, row.Count)
            .Select(index => Encoding.UTF8.GetString(row[index].Span)).ToList();
    }

    private static List<string> ParseBySylvan(string text)
    {
        using CsvDataReader reader = CsvDataReader.Create(
            new StringReader(text),
            new CsvDataReaderOptions { HasHeaders = false, Delimiter = ',' });
        Assert.True(reader.Read());
        return Enumerable.Range(0, reader.FieldCount).Select(reader.GetString).ToList();
    }
}
