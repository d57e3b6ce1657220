using System.Text;
using System.Text.Json;

namespace FlashKV.Cli.Tests.Commands;

/// <summary>stat, verify and compact.</summary>
public sealed class CareTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    private string Store => _directory["store"];

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void The_figures_of_a_store_are_for_people_and_for_programs()
    {
        Load(1_000, "first");

        string text = BuiltTool.Run("stat", Store).Succeeded().Text;
        Assert.StartsWith("keys                 1,000\n", text, StringComparison.Ordinal);
        using JsonDocument json = JsonDocument.Parse(
            BuiltTool.Run("stat", Store, "--json").Succeeded().Text);
        Assert.Equal(1_000, json.RootElement.GetProperty("keys").GetInt64());
        Assert.Equal(4, json.RootElement.GetProperty("shards").GetInt32());
        Assert.True(json.RootElement.GetProperty("logBytes").GetInt64() > 0);
    }

    [Fact]
    public void Compaction_gives_back_what_was_overwritten()
    {
        for (int round = 0; round < 4; round++)
        {
            Load(10_000, new string('x', 400));
        }

        long before = LogBytes();
        ToolResult result = BuiltTool.Run("compact", Store).Succeeded();

        Assert.Contains(" compacted, ", result.Text, StringComparison.Ordinal);
        Assert.True(LogBytes() < before, $"{before} before, {LogBytes()} after");
        Assert.Equal(10_000, BuiltTool.Run("scan", Store, "-k").Succeeded().SortedLines.Length);
        BuiltTool.Run("verify", Store).Succeeded();
    }

    [Fact]
    public void A_whole_store_is_verified_with_exit_code_0()
    {
        Load(5_000, "value");

        string text = BuiltTool.Run("verify", Store).Succeeded().Text;

        Assert.EndsWith(" 5,000 keys: no problem\n", text, StringComparison.Ordinal);
    }

    [Fact]
    public void A_flipped_bit_is_found_with_exit_code_1()
    {
        byte[] value = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat("needle ", 5_000)));
        Load(300, Encoding.ASCII.GetString(value));
        BuiltTool.Run("compact", Store);
        FlipByteOf("needle needle"u8.ToArray());

        ToolResult result = BuiltTool.Run("verify", Store);

        Assert.Equal(1, result.ExitCode);
        Assert.StartsWith(
            $"flashkv: '{Store}' is damaged", result.Errors, StringComparison.Ordinal);
        Assert.Contains("block ", result.Text, StringComparison.Ordinal);
    }

    private void Load(int count, string value)
    {
        byte[] lines = Encoding.ASCII.GetBytes(
            string.Concat(Enumerable.Range(0, count).Select(n => $"key {n}\t{value}\n")));
        BuiltTool.Run(lines, "import", Store, "-", "--format", "lines", "-d", "\\t", "--quiet",
            "--capacity", "1536M")
            .Succeeded();
    }

    private long LogBytes()
    {
        using JsonDocument json = JsonDocument.Parse(
            BuiltTool.Run("stat", Store, "--json").Succeeded().Text);
        return json.RootElement.GetProperty("logBytes").GetInt64();
    }

    /// <summary>
    /// Flips a bit of the first place in the largest file that holds these bytes.
    /// </summary>
    private void FlipByteOf(byte[] needle)
    {
        string file = new DirectoryInfo(Store).EnumerateFiles("*", SearchOption.AllDirectories)
            .OrderByDescending(info => info.Length).First().FullName;
        using FileStream stream = new(file, FileMode.Open, FileAccess.ReadWrite);
        byte[] buffer = new byte[1 << 20];
        int count;
        while ((count = stream.Read(buffer)) > 0)
        {
            int index = buffer.AsSpan(0, count).IndexOf(needle);
            if (index >= 0)
            {
                stream.Position += index - count;
                stream.WriteByte((byte)(needle[0] ^ 1));
                return;
            }
        }

        Assert.Fail("the value is nowhere in the device file");
    }
}
