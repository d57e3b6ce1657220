using System.Text;

namespace FlashKV.Cli.Tests.Commands;

/// <summary>salvage, and what verify says of a store that cannot be opened.</summary>
public sealed class SalvageTests : IDisposable
{
    private const long SuperblockOffset = 16 * 4096;
    private const long FirstChunk = 256L << 20;

    private readonly TemporaryDirectory _directory = new();

    public SalvageTests()
    {
        byte[] lines = Encoding.ASCII.GetBytes(string.Concat(
            Enumerable.Range(0, 500).Select(static n => $"key {n}\tvalue {n}\n")));
        BuiltTool.Run(lines, "import", Store, "-", "--format", "lines", "-d", "\\t", "--quiet",
            "--capacity", "1536M")
            .Succeeded();
    }

    private string Store => _directory["store"];

    private string New => _directory["new"];

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void A_whole_store_is_copied_with_exit_code_0()
    {
        string text = BuiltTool.Run("salvage", Store, New, "-q").Succeeded().Text;

        Assert.Equal("500 keys recovered from 4 segments; nothing is damaged\n", text);
        Assert.Equal(500, BuiltTool.Run("scan", New, "-k").Succeeded().SortedLines.Length);
    }

    [Fact]
    public void A_store_that_lost_its_superblock_is_recovered_with_exit_code_1()
    {
        Overwrite(SuperblockOffset, 128 * 4096);

        ToolResult verified = BuiltTool.Run("verify", Store);
        Assert.Equal(1, verified.ExitCode);
        Assert.Contains("copy 1 of the superblock", verified.Text, StringComparison.Ordinal);
        Assert.Contains(
            "500 keys can be saved by salvage", verified.Text, StringComparison.Ordinal);

        ToolResult result = BuiltTool.Run("salvage", Store, New, "-q");
        Assert.Equal(1, result.ExitCode);
        Assert.EndsWith(
            "500 keys recovered from 4 segments; 2 damaged places, 0 keys lost\n",
            result.Text,
            StringComparison.Ordinal);
        Assert.Equal(500, BuiltTool.Run("scan", New, "-k").Succeeded().SortedLines.Length);
    }

    [Fact]
    public void A_lost_record_is_named()
    {
        // The first record of the first shard, behind the headers of chunk and segment.
        Overwrite(FirstChunk + (2 * 4096) + 26, 2);

        ToolResult result = BuiltTool.Run("salvage", Store, New, "-q");

        Assert.Equal(1, result.ExitCode);
        Assert.Contains(", block 2, segment ", result.Text, StringComparison.Ordinal);
        Assert.Contains("; 1 damaged place, 1 key lost\n", result.Text, StringComparison.Ordinal);
        Assert.Equal(499, BuiltTool.Run("scan", New, "-k").Succeeded().SortedLines.Length);
    }

    [Fact]
    public void What_cannot_be_done_has_its_exit_code()
    {
        BuiltTool.Run("salvage", _directory["nothing"], New).FailedLike(66, "does not exist");
        BuiltTool.Run("salvage", Store, Store).FailedLike(73, "not an empty directory");
        File.Delete(Path.Combine(Store, "device.flash"));
        BuiltTool.Run("salvage", Store, New).FailedLike(66, "device.flash");
        File.WriteAllBytes(Path.Combine(Store, "device.flash"), new byte[1 << 20]);
        BuiltTool.Run("salvage", Store, New).FailedLike(65, "superblock");
        Assert.False(Directory.Exists(New));
    }

    private void Overwrite(long offset, int length)
    {
        using FileStream file = File.OpenWrite(Path.Combine(Store, "device.flash"));
        file.Position = offset;
        file.Write(new byte[length]);
    }
}
