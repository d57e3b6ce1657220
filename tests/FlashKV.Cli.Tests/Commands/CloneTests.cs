using System.Text;

namespace FlashKV.Cli.Tests.Commands;

/// <summary>Verbs that read a store which another process has open.</summary>
public sealed class CloneTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    private string Store => _directory["store"];

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void A_live_store_is_read_as_it_is_at_the_moment()
    {
        using FlashStore store = FlashStore.Open(
            Store, new FlashStoreOptions { AllowClones = true });
        store.Put("a"u8, "1"u8, Durability.Buffered);
        Assert.Equal("a\t1\n", BuiltTool.Run("scan", Store, "--clone").Succeeded().Text);
        store.Put("b"u8, "2"u8, Durability.Buffered);
        store.Delete("a"u8, Durability.Buffered);

        Assert.Equal("b\t2\n", BuiltTool.Run("scan", Store, "--clone").Succeeded().Text);
        Assert.Equal("2", BuiltTool.Run("get", Store, "b", "--clone").Succeeded().Text);
        Assert.Equal(1, BuiltTool.Run("get", Store, "a", "--clone").ExitCode);
        Assert.Equal(
            "b\n", BuiltTool.Run("scan", Store, "--clone", "-k").Succeeded().Text);
        string file = _directory["out.jsonl"];
        BuiltTool.Run("export", Store, file, "--clone", "-q").Succeeded();
        Assert.Equal("""{"key":"b","value":"2"}""" + "\n", File.ReadAllText(file));
        string figures = BuiltTool.Run("stat", Store, "--clone", "--json").Succeeded().Text;
        Assert.Contains("\"keys\": 1,", figures, StringComparison.Ordinal);
        Assert.True(
            SpinWait.SpinUntil(
                () => store.GetStatistics().Clones == 0, TimeSpan.FromMinutes(1)));
        store.Put("c"u8, "3"u8);
        Assert.Equal("3"u8, Encoding.UTF8.GetBytes(
            BuiltTool.Run("get", Store, "c", "--clone").Succeeded().Text));
    }

    [Fact]
    public void Without_permission_it_says_what_is_missing()
    {
        using FlashStore store = FlashStore.Open(Store);
        BuiltTool.Run("scan", Store, "--clone").Failed(
            66,
            $"the clone cannot be had: no process has the store in '{Store}' open with clones "
            + "allowed");
        Assert.Equal(75, BuiltTool.Run("scan", Store).ExitCode);
    }
}
