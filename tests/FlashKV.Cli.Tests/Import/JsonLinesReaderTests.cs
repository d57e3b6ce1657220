using System.Text;
using FlashKV.Cli.Import;
using FsCheck;
using FsCheck.Fluent;

namespace FlashKV.Cli.Tests.Import;

public sealed class JsonLinesReaderTests
{
    [Fact]
    public void The_value_is_the_whole_line_as_it_stands() =>
        Assert.Equal(
            [
                new(1, "a", """{"id":"a", "n" : 1.50}"""),
                new(4, "b", """ {"id":"b"} """),
            ],
            Read("{\"id\":\"a\", \"n\" : 1.50}\r\n\n  \t\n {\"id\":\"b\"} ", "id"));

    [Theory]
    [InlineData("""{"id":"a\n\"\u00e9\ud83d\ude00"}""", "a\n\"é😀")]
    [InlineData("""{"id":12.50}""", "12.50")]
    [InlineData("""{"id":true}""", "true")]
    [InlineData("""{"id":"first","id":"last"}""", "last")]
    [InlineData("""{"x":{"id":"wrong"},"y":[{"id":"wrong"}],"id":"right"}""", "right")]
    [InlineData("""{"i\u0064":"a"}""", "a")]
    public void The_key_is_a_fields_text(string line, string key) =>
        Assert.Equal(
            Encoding.Latin1.GetString(Encoding.UTF8.GetBytes(key)),
            Assert.Single(Read(Utf8(line), "id")).Key);

    [Theory]
    [InlineData("user.id", "u1")]
    [InlineData("user.name.last", "L")]
    [InlineData(@"user\.id", "dotted")]
    [InlineData(@"a\\b.c", "slash")]
    public void A_path_leads_into_objects(string path, string key) =>
        Assert.Equal(key, Assert.Single(Read(
            """{"user":{"id":"u1","name":{"last":"L"}},"user.id":"dotted","a\\b":{"c":"slash"}}""",
            path)).Key);

    [Theory]
    [InlineData("""{"id":1,"v":"te\txt"}""", "te\txt")]
    [InlineData("""{"id":1,"v":[1, {"a" : null}]}""", """[1, {"a" : null}]""")]
    [InlineData("""{"v": {"deep":{}} ,"id":1}""", """{"deep":{}}""")]
    [InlineData("""{"id":1,"v":null}""", "null")]
    [InlineData("""{"id":1,"v":""}""", "")]
    public void A_field_can_be_the_value(string line, string value) =>
        Assert.Equal(value, Assert.Single(Read(line, "id", "v")).Value);

    [Theory]
    [InlineData("""{"id":"a" """, "not valid JSON at byte ")]
    [InlineData("""{"id":"a"} x""", "not valid JSON at byte 12: ")]
    [InlineData("""{"id":"a"}{"id":"b"}""", "not valid JSON at byte 11: ")]
    [InlineData("""{"id":'a'}""", "not valid JSON at byte 7: ")]
    [InlineData("[1]", "not valid JSON: not a JSON object")]
    [InlineData("null", "not valid JSON: not a JSON object")]
    [InlineData("hello", "not valid JSON at byte 1: ")]
    [InlineData("{\"id\":\"\u00ff\"}", "not valid UTF-8")]
    [InlineData("""{"id":"\ud800"}""", "not valid JSON: a string with half of a surrogate pair")]
    [InlineData("""{"id":null}""", "the field 'id' is neither text, number, true nor false")]
    [InlineData("""{"id":[1]}""", "the field 'id' is neither text, number, true nor false")]
    [InlineData("""{"ID":1}""", "no field 'id'")]
    [InlineData("""{"id":""}""", "the key is empty")]
    public void A_line_that_cannot_be_used_is_bad_and_the_next_one_is_read(
        string line, string problem)
    {
        List<ReadRecord> records = Read($"{line}\n{{\"id\":\"next\"}}", "id");

        Assert.Equal(2, records.Count);
        Assert.StartsWith(problem, records[0].Problem, StringComparison.Ordinal);
        Assert.DoesNotContain("LineNumber", records[0].Problem, StringComparison.Ordinal);
        Assert.Equal("next", records[1].Key);
    }

    [Fact]
    public void A_value_that_is_missing_makes_a_line_bad() =>
        Assert.Equal("no field 'v'", Assert.Single(Read("""{"id":1}""", "id", "v")).Problem);

    [Fact]
    public void A_key_longer_than_a_key_may_be_is_bad()
    {
        string longest = $$"""{"id":"{{new string('k', 65_535)}}"}""";
        string tooLong = $$"""{"id":"{{new string('k', 65_536)}}"}""";

        List<ReadRecord> records = Read($"{longest}\n{tooLong}", "id");

        Assert.Null(records[0].Problem);
        Assert.Equal("the key has 65,536 bytes, more than 65,535", records[1].Problem);
    }

    [Fact]
    public void Every_cut_of_a_line_is_bad_and_none_throws()
    {
        const string Line = """{"id":"a","v":[1,{"b":"\u00e9"}],"n":-1.5e3,"t":true}""";
        for (int length = 1; length < Line.Length; length++)
        {
            Assert.NotNull(Assert.Single(Read(Line[..length], "id", "v")).Problem);
        }
    }

    [Fact]
    public void Garbage_is_bad_and_never_throws() =>
        Prop.ForAll(
            ArbMap.Default.ArbFor<byte[]>(),
            bytes => Read(Encoding.Latin1.GetString(bytes), "id").All(r => r.Problem is not null))
            .QuickCheckThrowOnFailure();

    private static string Utf8(string text) =>
        Encoding.Latin1.GetString(Encoding.UTF8.GetBytes(text));

    private static List<ReadRecord> Read(string text, string key, string? value = null)
    {
        LineScanner scanner = new(ReadRecord.Input(text), 100_000);
        using JsonLinesReader reader = new(
            scanner, new JsonField(key), value is null ? null : new JsonField(value));
        return ReadRecord.All(reader);
    }
}
