using System.Diagnostics;

namespace FlashKV.Cli.Tests.Commands;

/// <summary>Exit codes, and messages of one line.</summary>
public sealed class FailureTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();

    private string Store => _directory["store"];

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData("frob", "'frob' is not understood (see flashkv --help)")]
    [InlineData(
        "get", "Required argument 'DIR' missing for command: 'get' (see flashkv get --help)")]
    [InlineData("get DIR k --frob", "'--frob' is not understood (see flashkv get --help)")]
    [InlineData(
        "put DIR k v --file f", "VALUE and --file exclude each other (see flashkv put --help)")]
    [InlineData(
        "put DIR k v --memory lots",
        "'lots' is not a size: write for example 64M, 2GiB or 1500000 (see flashkv put --help)")]
    [InlineData("put DIR k v --shards 3", "--shards must be 0 or a power of two up to 128")]
    [InlineData("get DIR 0 --hex", "KEY '0' is not an even number of hexadecimal digits")]
    [InlineData("get DIR a\\q -e", "KEY: the escape at byte 2 is none of \\\\ \\t \\n \\r \\xHH")]
    [InlineData("get DIR \ufffd", "KEY is not valid UTF-8: write it with --hex or --escaped")]
    public void A_command_line_that_cannot_be_understood_is_exit_code_2(
        string line, string message)
    {
        BuiltTool.Run(line.Split(' ').Select(word => word == "DIR" ? Store : word))
            .Failed(2, message);
        Assert.False(Directory.Exists(Store));
    }

    [Fact]
    public void No_store_is_exit_code_66()
    {
        string file = _directory.Write("file", "");
        Directory.CreateDirectory(_directory["empty"]);

        BuiltTool.Run("get", Store, "k").Failed(66, $"no store in '{Store}': no such directory");
        BuiltTool.Run("get", file, "k").Failed(66, $"no store in '{file}': it is a file");
        BuiltTool.Run("get", _directory["empty"], "k").FailedLike(66, "is not a FlashKV store");
        Assert.Empty(Directory.EnumerateFileSystemEntries(_directory["empty"]));
    }

    [Fact]
    public void No_input_is_exit_code_66()
    {
        string missing = _directory["missing"];

        BuiltTool.Run("put", Store, "k", "--file", missing)
            .Failed(66, $"cannot read '{missing}': no such file");
        Assert.False(Directory.Exists(Store));
    }

    [Fact]
    public void What_cannot_be_created_is_exit_code_73()
    {
        string file = _directory.Write("file", "");

        BuiltTool.Run("put", $"{file}/store", "k", "v").FailedLike(73, "cannot make a store in");
        BuiltTool.Run("put", file, "k", "v").FailedLike(73, "cannot make a store in");
    }

    [Fact]
    public void A_store_that_another_process_has_open_is_exit_code_75()
    {
        using (FlashStore store = FlashStore.Open(Store))
        {
            BuiltTool.Run("get", Store, "key").Failed(
                75, $"the store in '{Store}' is open in process {Environment.ProcessId}");
        }

        BuiltTool.Run("get", Store, "key").Failed(1, "no such key: key");
    }

    [Fact]
    public void A_reader_that_goes_away_ends_the_tool_quietly()
    {
        BuiltTool.Run(new byte[1_000_000], "put", Store, "k").Succeeded();
        using Process get = BuiltTool.Start("get", Store, "k");

        Assert.Equal(0, get.StandardOutput.BaseStream.ReadByte());
        get.StandardOutput.Close();

        Assert.Equal("", get.StandardError.ReadToEnd());
        BuiltTool.WaitForExit(get);
        Assert.Equal(141, get.ExitCode);
    }

    [Fact]
    public void A_stack_trace_is_shown_on_request_only()
    {
        string[] arguments = ["get", Store, "k"];
        Assert.DoesNotContain("   at ", BuiltTool.Run(arguments).Errors, StringComparison.Ordinal);

        using Process process = BuiltTool.Start(["FLASHKV_DEBUG=1"], arguments);
        string errors = process.StandardError.ReadToEnd();
        BuiltTool.WaitForExit(process);

        Assert.Contains("   at FlashKV.Cli.", errors, StringComparison.Ordinal);
        Assert.Equal(66, process.ExitCode);
    }

    [Fact]
    public void Help_names_every_verb_and_exit_code()
    {
        string help = BuiltTool.Run("--help").Succeeded().Text;

        string[] verbs =
        [
            "put", "get", "del", "scan", "import", "export", "stat", "verify", "compact", "demo",
        ];
        Assert.All(verbs, verb => Assert.Contains($"\n  {verb} ", help, StringComparison.Ordinal));
        int[] exitCodes = [0, 1, 2, 65, 66, 70, 73, 74, 75, 130, 141, 143];
        Assert.All(
            exitCodes, code => Assert.Contains($" {code} ", help, StringComparison.Ordinal));
    }
}
