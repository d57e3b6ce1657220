using FlashKV.Cli.Import;

namespace FlashKV.Cli.Tests.Import;

public sealed class ExportedJsonReaderTests
{
    [Fact]
    public void Text_and_base64_are_read_in_any_order() =>
        Assert.Equal(
            [new(1, "k", "v"), new(2, "\u00ff", ""), new(3, "a\nb", "\u0000")],
            Read(
                """
                {"key":"k","value":"v"}
                {"valueBase64":"","more":[1],"keyBase64":"/w=="}
                {"key":"a\nb","valueBase64":"AA=="}
                """));

    [Theory]
    [InlineData("""{"key":"k"}""", "no field 'value' or 'valueBase64' (is --key missing?)")]
    [InlineData("""{"id":"k","value":""}""", "no field 'key' or 'keyBase64' (is --key missing?)")]
    [InlineData("""{"key":1,"value":""}""", "not valid JSON: a key or a value that is not a")]
    [InlineData("""{"keyBase64":"?","value":""}""", "not valid JSON: a field that is not base64")]
    [InlineData("""{"key":"k","value":"v""", "not valid JSON at byte ")]
    [InlineData("""{"key":"k","value":"v"},""", "not valid JSON at byte ")]
    [InlineData("""{"key":"","value":"v"}""", "the key is empty")]
    [InlineData("[]", "not valid JSON: not a JSON object")]
    [InlineData("{\"key\":\"\u00ff\",\"value\":\"\"}", "not valid UTF-8")]
    public void A_line_that_is_none_of_exports_is_bad(string line, string problem) =>
        Assert.StartsWith(
            problem, Assert.Single(Read(line)).Problem, StringComparison.Ordinal);

    private static List<ReadRecord> Read(string text)
    {
        using ExportedJsonReader reader = new(new LineScanner(ReadRecord.Input(text), 1_000));
        return ReadRecord.All(reader);
    }
}
