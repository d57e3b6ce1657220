namespace FlashKV.Cli.Tests.Commands;

/// <summary>scan as a shell user meets it.</summary>
public sealed class ScanTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    private string Store => _directory["store"];

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void Records_of_any_bytes_are_a_line_each()
    {
        BuiltTool.Run("put", Store, "--hex", "00ff0a", "76").Succeeded();
        BuiltTool.Run("put", Store, "-e", @"\\tab\t", @"\xff").Succeeded();

        Assert.Equal(
            [@"\\tab\t" + "\t" + @"\xff", @"\x00\xff\n" + "\tv"],
            BuiltTool.Run("scan", Store).Succeeded().SortedLines);
    }

    [Fact]
    public void A_negative_limit_is_refused() =>
        BuiltTool.Run("scan", Store, "--limit", "-1")
            .Failed(2, "--limit is not negative (see flashkv scan --help)");

    [Fact]
    public void A_scan_can_be_narrowed()
    {
        foreach (string key in new[] { "a1", "a2", "b1" })
        {
            BuiltTool.Run("put", Store, key, $"value of {key}").Succeeded();
        }

        Assert.Equal(
            ["a1", "a2"], BuiltTool.Run("scan", Store, "-p", "a", "-k").Succeeded().SortedLines);
        Assert.Single(BuiltTool.Run("scan", Store, "--limit", "1").Succeeded().SortedLines);
        Assert.Empty(BuiltTool.Run("scan", Store, "--limit", "0").Succeeded().Output);
        Assert.Equal(
            """{"key":"b1","value":"value of b1"}""" + "\n",
            BuiltTool.Run("scan", Store, "--prefix", "b", "--format", "jsonl").Succeeded().Text);
    }
}
