namespace FlashKV.Cli.Tests.Commands;

/// <summary>put, get and del as a shell user meets them.</summary>
public sealed class KeyCommandTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    private string Store => _directory["store"];

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void A_value_comes_back_byte_for_byte()
    {
        byte[] value = Enumerable.Range(0, 100_000).Select(n => (byte)(n * 7)).ToArray();
        string file = _directory.Write("value", value);

        BuiltTool.Run("put", Store, "argument", "ein Wert\n").Succeeded();
        BuiltTool.Run("put", Store, "file", "--file", file).Succeeded();
        BuiltTool.Run(value, "put", Store, "input").Succeeded();
        BuiltTool.Run("put", Store, "empty", "").Succeeded();

        Assert.Equal("ein Wert\n"u8, BuiltTool.Run("get", Store, "argument").Succeeded().Output);
        Assert.Equal(value, BuiltTool.Run("get", Store, "file").Succeeded().Output);
        Assert.Equal(value, BuiltTool.Run("get", Store, "input").Succeeded().Output);
        Assert.Empty(BuiltTool.Run("get", Store, "empty").Succeeded().Output);
    }

    [Fact]
    public void Keys_of_any_bytes_can_be_written_in_two_notations()
    {
        BuiltTool.Run("put", Store, "--hex", "00ff0a", "76").Succeeded();
        BuiltTool.Run("put", Store, "-e", @"\\tab\t", @"\xff").Succeeded();

        Assert.Equal("v"u8, BuiltTool.Run("get", Store, "-e", @"\x00\xff\n").Succeeded().Output);
        Assert.Equal([0xff], BuiltTool.Run("get", Store, @"\tab" + "\t").Succeeded().Output);
    }

    [Theory]
    [InlineData("@file")]
    [InlineData("/h")]
    [InlineData("/?")]
    [InlineData("[diagram]")]
    [InlineData("a=b:c")]
    [InlineData("'quoted \"key\"'")]
    public void Keys_that_mean_something_to_other_tools_are_only_keys(string key)
    {
        BuiltTool.Run("put", Store, key, key).Succeeded();

        Assert.Equal(key, BuiltTool.Run("get", Store, key).Succeeded().Text);
    }

    [Fact]
    public void Behind_two_dashes_everything_is_an_argument()
    {
        BuiltTool.Run("put", Store, "--", "--hex", "-h").Succeeded();

        Assert.Equal("-h", BuiltTool.Run("get", Store, "--", "--hex").Succeeded().Text);
    }

    [Fact]
    public void An_absent_key_is_no_output_and_exit_code_1()
    {
        BuiltTool.Run("put", Store, "here", "v").Succeeded();

        BuiltTool.Run("get", Store, "not\there").Failed(1, @"no such key: not\there");
        BuiltTool.Run("del", Store, "nothere").Failed(1, "no such key: nothere");
    }

    [Fact]
    public void A_deleted_key_is_absent()
    {
        BuiltTool.Run("put", Store, "k", "v").Succeeded();
        BuiltTool.Run("put", Store, "k", "w", "--buffered").Succeeded();
        Assert.Equal("w", BuiltTool.Run("get", Store, "k").Succeeded().Text);

        BuiltTool.Run("del", Store, "k").Succeeded();

        BuiltTool.Run("get", Store, "k").Failed(1, "no such key: k");
    }

    [Fact]
    public void A_value_too_large_for_the_store_is_refused_and_a_larger_segment_takes_it()
    {
        byte[] value = new byte[1_100_000];

        BuiltTool.Run(value, "put", Store, "k")
            .FailedLike(65, "KEY and VALUE have 1,100,001 bytes");
        BuiltTool.Run(value, "put", _directory["large"], "k", "--segment", "2M").Succeeded();

        Assert.Equal(value, BuiltTool.Run("get", _directory["large"], "k").Succeeded().Output);
    }
}
