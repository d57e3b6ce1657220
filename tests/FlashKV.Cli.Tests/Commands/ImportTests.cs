using System.Diagnostics;
using System.Text;
using FlashKV.Cli.Demo;
using FlashKV.Cli.Export;

namespace FlashKV.Cli.Tests.Commands;

/// <summary>import, and export back.</summary>
public sealed class ImportTests : IDisposable
{
    private const string Over = "of them over an earlier one of the same key";

    private readonly TemporaryDirectory _directory = new();

    private string Store => _directory["store"];

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void The_shipped_data_set_is_loaded()
    {
        byte[] text = CharacterTable.Load().Records
            .SelectMany(record => record.Value.Append((byte)'\n')).ToArray();

        ToolResult result = BuiltTool.Run(
            text, "import", Store, "-", "--format", "csv", "--delimiter", ";", "--no-header",
            "--key", "1", "--raw");

        Assert.Contains(
            $"34,924 records imported, 0 {Over};", result.Errors, StringComparison.Ordinal);
        Assert.Equal(0, result.ExitCode);
        Assert.Equal(
            "00DF;LATIN SMALL LETTER SHARP S;Ll;0;L;;;;;N;;;;;",
            BuiltTool.Run("get", Store, "00DF").Succeeded().Text);
    }

    [Fact]
    public void Rows_before_a_bad_one_are_imported_and_said_to_be()
    {
        string file = _directory.Write("a.jsonl", "{\"k\":1}\n{\"k\":2}\noops\n{\"k\":3}\n");

        ToolResult result = BuiltTool.Run("import", Store, file, "--key", "k");

        result.FailedLike(65, $"{file}:3: not valid JSON at byte 1: ");
        Assert.EndsWith(
            "; the 2 records before it are imported\n", result.Errors, StringComparison.Ordinal);
        Assert.Equal(["1", "2"], BuiltTool.Run("scan", Store, "-k").Succeeded().SortedLines);
    }

    // It said that no record was durable, since it did not flush what a full store had taken.
    [Fact]
    public void Rows_before_the_store_is_full_are_imported_and_said_to_be()
    {
        string file = _directory["many.lines"];
        string value = new('v', 100_000);
        File.WriteAllLines(file, Enumerable.Range(0, 3_000).Select(row => $"{row}\t{value}"));

        ToolResult result = BuiltTool.Run(
            "import", Store, file, "-q", "-d", "\t", "--shards", "1", "--capacity", "512M");

        result.FailedLike(74, $"{file}:");
        Assert.Contains("full", result.Errors, StringComparison.Ordinal);
        string imported = result.Errors.Split("; the ")[1].Split(' ')[0].Replace(",", "");
        Assert.InRange(int.Parse(imported), 2_000, 2_999);
        string[] keys = BuiltTool.Run("scan", Store, "-k").Succeeded().SortedLines;
        Assert.Equal(imported, keys.Length.ToString());
    }

    [Fact]
    public void Bad_rows_can_be_skipped_and_are_named()
    {
        string file = _directory.Write("a.csv", "k,v\n1,a\nx\n,b\n2,c\n3,\"d");

        ToolResult result = BuiltTool.Run(
            "import", Store, file, "--key", "k", "--value", "v", "--on-error", "skip");

        Assert.Equal(0, result.ExitCode);
        string[] errors = result.Errors.Split('\n');
        Assert.Equal($"flashkv: {file}:3: fields: 1 where 2 are expected; skipped", errors[0]);
        Assert.Equal($"flashkv: {file}:4: the key is empty; skipped", errors[1]);
        Assert.Equal($"flashkv: {file}:6: a quoted field is not closed; skipped", errors[2]);
        Assert.StartsWith(
            $"flashkv: 2 records imported, 0 {Over}, 3 bad records skipped; 4 B in ",
            errors[3],
            StringComparison.Ordinal);
        Assert.Equal(["1\ta", "2\tc"], BuiltTool.Run("scan", Store).Succeeded().SortedLines);
    }

    [Fact]
    public void A_later_row_overwrites_an_earlier_one_and_is_counted()
    {
        BuiltTool.Run("put", Store, "b", "before").Succeeded();
        string file = _directory.Write("a.tsv", "k\tv\na\t1\nb\t2\na\t3\na\t4\n");

        ToolResult result = BuiltTool.Run("import", Store, file, "--key", "k", "--value", "v");

        Assert.StartsWith(
            $"flashkv: 4 records imported, 3 {Over};", result.Errors, StringComparison.Ordinal);
        Assert.Equal(["a\t4", "b\t2"], BuiltTool.Run("scan", Store).Succeeded().SortedLines);
    }

    [Fact]
    public void A_line_over_the_limit_is_refused_by_its_number()
    {
        byte[] input = Encoding.ASCII.GetBytes($"a\n{new string('x', 2_000)}\n");

        BuiltTool.Run(input, "import", Store, "-", "--format", "lines", "--max-line", "1000")
            .Failed(65, "(standard input):2: longer than 1,000 bytes (see --max-line); "
                + "the 1 record before it is imported");
    }

    [Fact]
    public void Acknowledgements_count_up_to_the_last_record()
    {
        byte[] input = Encoding.ASCII.GetBytes(
            string.Concat(Enumerable.Range(0, 2_500).Select(n => $"{n}\n")));

        ToolResult result = BuiltTool.Run(
            input, "import", Store, "-", "--format", "lines", "--acks", "--quiet").Succeeded();

        Assert.Equal("acked 1000\nacked 2000\nacked 2500\n", result.Text);
    }

    [Fact]
    public void A_header_without_the_key_imports_nothing()
    {
        string file = _directory.Write("a.csv", "a,b\n1,2\n");

        BuiltTool.Run("import", Store, file, "--key", "c").Failed(
            65, $"{file}:1: no column 'c'; there are 2 columns: a, b; no record is imported");
    }

    [Theory]
    [InlineData("jsonl")]
    [InlineData("csv")]
    [InlineData("lines", "--escaped")]
    public void What_was_exported_is_imported_byte_for_byte(string format, params string[] options)
    {
        string first = _directory[$"first.{format}"];
        string second = _directory[$"second.{format}"];
        string awkward = WriteAwkwardRecords();
        BuiltTool.Run("import", Store, awkward, "--escaped", "-q").Succeeded();
        BuiltTool.Run("export", Store, first, "-q").Succeeded();

        BuiltTool.Run(["import", _directory["copy"], first, "-q", .. options]).Succeeded();
        BuiltTool.Run("export", _directory["copy"], second, "-q").Succeeded();

        Assert.Equal(
            BuiltTool.Run("scan", Store).Succeeded().SortedLines,
            BuiltTool.Run("scan", _directory["copy"]).Succeeded().SortedLines);
        Assert.Equal(new FileInfo(first).Length, new FileInfo(second).Length);
        string[] lines = File.ReadAllLines(awkward);
        Array.Sort(lines, StringComparer.Ordinal);
        Assert.Equal(lines, BuiltTool.Run("scan", Store).Succeeded().SortedLines);
    }

    [Fact]
    public void An_export_that_fails_leaves_the_file_that_was_there()
    {
        string file = _directory.Write("a.jsonl", "precious");

        BuiltTool.Run("export", Store, file).FailedLike(66, "no store in");

        Assert.Equal("precious", File.ReadAllText(file));
    }

    [Fact]
    public void An_export_can_go_through_a_pipe()
    {
        BuiltTool.Run("put", Store, "k", "v,w").Succeeded();

        Assert.Equal(
            "key,value,encoding\nk,\"v,w\",\n",
            BuiltTool.Run("export", Store, "-", "--format", "csv", "-q").Succeeded().Text);
    }

    [Fact]
    public void Memory_does_not_grow_with_the_input()
    {
        // The managed heap may have 48 MB; the input has 200 MB.
        using Process import = BuiltTool.Start(
            ["DOTNET_GCHeapHardLimit=0x3000000"],
            ["import", Store, "-", "--format", "jsonl", "--key", "id", "--value", "id", "-q"]);
        byte[] line = Encoding.ASCII.GetBytes(
            $$"""{"pad":"{{new string('x', 20_000)}}","id":""");
        for (int number = 0; number < 10_000; number++)
        {
            import.StandardInput.BaseStream.Write(line);
            import.StandardInput.BaseStream.Write(
                Encoding.ASCII.GetBytes($"{number % 1_000}}}\n"));
        }

        import.StandardInput.Close();
        Assert.Equal("", import.StandardError.ReadToEnd());
        BuiltTool.WaitForExit(import);
        Assert.Equal(0, import.ExitCode);
        Assert.Equal(1_000, BuiltTool.Run("scan", Store, "-k").Succeeded().SortedLines.Length);
    }

    [Theory]
    [InlineData("import DIR -", "'-' does not tell the format: say --format jsonl, csv or lines")]
    [InlineData("import DIR F.csv --escaped", "--escaped means nothing for this format")]
    [InlineData("import DIR F.csv --delimiter ;;", "--delimiter ';;' is not one ASCII character")]
    [InlineData("import DIR F.csv --raw --value v", "--value and --raw exclude each other")]
    [InlineData("import DIR F.jsonl --value v", "--value needs --key")]
    [InlineData("import DIR F.jsonl --max-line 2G", "--max-line is at most 1G")]
    [InlineData(
        "import DIR F.jsonl --acks=0",
        "'0' is not a number of records (see flashkv import --help)")]
    [InlineData(
        "export DIR -",
        "'-' does not tell the format: say --format jsonl, csv, lines, parquet or arrow")]
    public void Options_that_do_not_go_together_are_exit_code_2(string line, string message)
    {
        _directory.Write("F.csv", "");
        _directory.Write("F.jsonl", "");
        IEnumerable<string> arguments = line.Split(' ').Select(
            word => word == "DIR" ? Store : word.StartsWith('F') ? _directory[word] : word);

        BuiltTool.Run(arguments).Failed(2, message);
        Assert.False(Directory.Exists(Store));
    }

    [Fact]
    public void A_file_that_is_not_there_is_exit_code_66()
    {
        string missing = _directory["missing.csv"];

        BuiltTool.Run("import", Store, missing)
            .Failed(66, $"cannot read '{missing}': no such file");
        Assert.False(Directory.Exists(Store));
    }

    [Fact]
    public void A_file_that_cannot_be_written_is_exit_code_73()
    {
        BuiltTool.Run("put", Store, "k", "v").Succeeded();

        BuiltTool.Run("export", Store, _directory["no/such/f.csv"]).FailedLike(73, "cannot write");
    }

    [Fact]
    public void A_record_too_large_for_the_store_is_bad()
    {
        byte[] input = Encoding.ASCII.GetBytes($"a\t1\nb\t{new string('x', 1_200_000)}\nc\t3\n");

        ToolResult result = BuiltTool.Run(
            input, "import", Store, "-", "--format", "lines", "-d", "\\t", "--on-error", "skip");

        Assert.StartsWith(
            "flashkv: (standard input):2: key and value have 1,200,001 bytes, more than ",
            result.Errors,
            StringComparison.Ordinal);
        Assert.Equal(["a", "c"], BuiltTool.Run("scan", Store, "-k").Succeeded().SortedLines);
    }

    private string WriteAwkwardRecords()
    {
        using FileStream file = File.Create(_directory["awkward.txt"]);
        using LinesWriter writer = new(file, keysOnly: false);
        AwkwardRecords.All().ForEach(record => writer.Write(record.Key, record.Value));
        writer.Flush();
        return file.Name;
    }
}
