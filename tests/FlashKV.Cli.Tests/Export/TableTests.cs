namespace FlashKV.Cli.Tests.Export;

/// <summary>Tables that the tool writes, read back by the libraries of the formats.</summary>
public sealed class TableTests : IDisposable
{
    private static readonly string[] s_columns =
    [
        "-c", "id:text=key", "-c", "cents:int", "-c", "rate:double=.rate", "-c", "paid:bool",
        "-c", "at:timestamp", "-c", "city=.to.city",
    ];

    private readonly TemporaryDirectory _directory = new();

    private string Store => _directory["store"];

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData("orders.parquet")]
    [InlineData("orders.arrow")]
    public async Task Fields_of_values_in_JSON_become_columns(string name)
    {
        Fill(
            ("1", """{"cents":25,"rate":0.5,"paid":true,"to":{"city":"Köln"},"at":"2026-11-26"}"""),
            ("2", """{"cents":"-7","rate":3,"paid":"false","at":"2026-11-26T08:30:00.25+01:00"}"""),
            ("3", """{"cents":null,"to":{"city":{"name":"x"}}}"""));

        BuiltTool.Run(["export", Store, _directory[name], "-q", .. s_columns]).Succeeded();

        Assert.Equal(
            [
                "1|25|0.5|True|2026-11-26T00:00:00.0000000Z|Köln",
                "2|-7|3|False|2026-11-26T07:30:00.2500000Z|null",
                """3|null|null|null|null|{"name":"x"}""",
            ],
            await TableFile.ReadAsync(_directory[name]));
    }

    [Theory]
    [InlineData("parquet")]
    [InlineData("arrow")]
    public async Task Without_columns_there_are_key_value_and_version(string format)
    {
        Fill(("k", "v"));

        ToolResult result = BuiltTool.Run(
            "export", Store, _directory["all"], "--format", format);

        Assert.Equal(0, result.ExitCode);
        Assert.Contains("1 record exported", result.Errors, StringComparison.Ordinal);
        File.Move(_directory["all"], _directory["all." + format]);
        Assert.Equal(["6B|76|1"], await TableFile.ReadAsync(_directory["all." + format]));
    }

    [Fact]
    public async Task A_table_of_a_live_store_is_of_its_moment()
    {
        using FlashStore store = FlashStore.Open(
            Store, new FlashStoreOptions { AllowClones = true });
        store.Put("a"u8, "1"u8, Durability.Buffered);

        BuiltTool.Run(
            "export", Store, _directory["a.parquet"], "--clone", "-q", "-c", "key:text", "-c",
            "value:int").Succeeded();

        Assert.Equal(["a|1"], await TableFile.ReadAsync(_directory["a.parquet"]));
    }

    [Theory]
    [InlineData("cents:money", "'cents:money' is no column")]
    [InlineData("=key", "'=key' is no column")]
    [InlineData("a=b", "'b' is no source of a column")]
    [InlineData("a=.", "'.' is no source of a column")]
    [InlineData("version:text", "the version is an int")]
    [InlineData("b:bytes", "bytes are key or value")]
    public void A_column_that_means_nothing_is_refused(string column, string problem)
    {
        Fill(("k", "v"));
        BuiltTool.Run("export", Store, _directory["t.arrow"], "-c", column)
            .FailedLike(2, problem);
        Assert.False(File.Exists(_directory["t.arrow"]));
    }

    [Fact]
    public void What_does_not_go_together_is_refused()
    {
        Fill(("k", "v"));
        BuiltTool.Run("export", Store, _directory["t.arrow"], "-c", "key", "-c", "key")
            .FailedLike(2, "two columns are named key");
        BuiltTool.Run("export", Store, _directory["t.csv"], "-c", "key")
            .FailedLike(2, "--column means nothing");
        BuiltTool.Run("export", Store, "-", "--format", "parquet").FailedLike(2, "needs a file");
        BuiltTool.Run("export", Store, _directory["t"])
            .FailedLike(2, "say --format jsonl, csv, lines, parquet or arrow");
        BuiltTool.Run("import", Store, _directory.Write("t.parquet", "PAR1"))
            .FailedLike(2, "say --format jsonl, csv or lines");
    }

    [Theory]
    [InlineData("cents:int", "'much' is not a whole number")]
    [InlineData("cents:double", "'much' is not a number")]
    [InlineData("cents:bool", "'much' is not true or false")]
    [InlineData("cents:timestamp", "'much' is not a moment")]
    [InlineData("value:int", "is not a whole number")]
    [InlineData("key:timestamp", "'6F3137' is not a moment")]
    public void A_value_that_does_not_fit_is_named_and_leaves_no_table(
        string column, string problem)
    {
        Fill(("6F3137", """{"cents":"much"}"""));

        ToolResult result = BuiltTool.Run(
            "export", Store, _directory["t.parquet"], "-q", "-c", column);

        result.FailedLike(65, problem);
        Assert.Contains(
            "of the entry with key 364633313337", result.Errors, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(_directory.FullPath, "t.parquet*"));
    }

    [Fact]
    public void A_value_that_is_no_JSON_is_named()
    {
        Fill(("k", "text"));
        BuiltTool.Run("export", Store, _directory["t.parquet"], "-q", "-c", "cents:int")
            .FailedLike(65, "its value: not valid JSON");
    }

    private void Fill(params (string Key, string Value)[] records)
    {
        using FlashStore store = FlashStore.Open(Store);
        foreach ((string key, string value) in records)
        {
            store.Put(
                System.Text.Encoding.UTF8.GetBytes(key),
                System.Text.Encoding.UTF8.GetBytes(value),
                Durability.Buffered);
        }
    }
}
