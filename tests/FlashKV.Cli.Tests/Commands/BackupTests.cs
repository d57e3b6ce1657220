using System.Text;

namespace FlashKV.Cli.Tests.Commands;

/// <summary>backup, backups and restore.</summary>
public sealed class BackupTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    public BackupTests() => Import(0, 500);

    private string Store => _directory["store"];

    private string Backups => _directory["backups"];

    private string New => _directory["new"];

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void A_store_is_backed_up_twice_and_restored_to_either_moment()
    {
        ToolResult first = BuiltTool.Run("backup", Store, Backups);
        Assert.Contains("backup 1: 4 segments", first.Errors, StringComparison.Ordinal);
        Import(500, 250);
        ToolResult second = BuiltTool.Run("backup", Store, Backups);
        Assert.Contains("backup 2: ", second.Errors, StringComparison.Ordinal);

        BuiltTool.Run("restore", Backups, New, "-q").Succeeded();
        BuiltTool.Run("restore", Backups, _directory["old"], "--backup", "1", "-q").Succeeded();

        Assert.Equal(
            BuiltTool.Run("scan", Store).Succeeded().SortedLines,
            BuiltTool.Run("scan", New).Succeeded().SortedLines);
        Assert.Equal(
            500, BuiltTool.Run("scan", _directory["old"], "-k").Succeeded().SortedLines.Length);
        BuiltTool.Run("verify", New).Succeeded();
    }

    [Fact]
    public void Backups_are_listed_checked_and_thinned_out()
    {
        BuiltTool.Run("backup", Store, Backups, "-q").Succeeded();
        Import(500, 10);
        BuiltTool.Run("backup", Store, Backups, "-q").Succeeded();

        string[] lines = BuiltTool.Run("backups", Backups).Succeeded().Text.Split('\n');
        Assert.StartsWith("1\t", lines[0], StringComparison.Ordinal);
        Assert.StartsWith("2\t", lines[1], StringComparison.Ordinal);
        string whole = BuiltTool.Run("backups", Backups, "--verify", "-q").Succeeded().Text;
        Assert.EndsWith("all backups are whole\n", whole, StringComparison.Ordinal);

        string kept = BuiltTool.Run("backups", Backups, "--keep", "1").Succeeded().Text;
        Assert.StartsWith("2\t", kept, StringComparison.Ordinal);
        BuiltTool.Run("restore", Backups, New, "--backup", "1").FailedLike(74, "no backup 1");

        string file = Directory.GetFiles(Path.Combine(Backups, "segments"))[0];
        File.Delete(file);
        ToolResult damaged = BuiltTool.Run("backups", Backups, "--verify", "-q");
        Assert.Equal(1, damaged.ExitCode);
        Assert.Contains(file, damaged.Text, StringComparison.Ordinal);
        BuiltTool.Run("restore", Backups, New).FailedLike(74, "it is not there");
        Assert.False(Directory.Exists(New));
    }

    [Fact]
    public void What_cannot_be_done_is_said()
    {
        BuiltTool.Run("backup", _directory["nothing"], Backups).FailedLike(66, "no such directory");
        BuiltTool.Run("backup", Store, Store).FailedLike(74, "something else");
        BuiltTool.Run("backups", Store).FailedLike(74, "no backups");
        BuiltTool.Run("backups", Backups, "--keep", "0").FailedLike(2, "one backup stays");
        BuiltTool.Run("backup", Store, Backups, "-q").Succeeded();
        BuiltTool.Run("restore", Backups, Store).FailedLike(73, "not an empty directory");
        BuiltTool.Run("restore", Backups, New, "--capacity", "256M").FailedLike(2, "--capacity");
    }

    private void Import(int first, int count) => BuiltTool.Run(
        Encoding.ASCII.GetBytes(string.Concat(Enumerable.Range(first, count).Select(
            static n => $"key {n}\tvalue {n}\n"))),
        "import", Store, "-", "--format", "lines", "-d", "\\t", "--quiet").Succeeded();
}
