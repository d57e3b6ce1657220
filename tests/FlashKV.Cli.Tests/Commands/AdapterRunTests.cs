using System.Diagnostics;

namespace FlashKV.Cli.Tests.Commands;

/// <summary><c>adapter run</c>: to a shell the tool is the program that it runs.</summary>
public sealed class AdapterRunTests : IDisposable
{
    private const int NoCompiler = ExitCode.CannotCreate;

    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void A_program_runs_on_adapters_of_its_own()
    {
        ToolResult result = Run("cat /sys/class/scsi_generic/sg0/device/mode; exit 7");
        Assert.Equal("superpipe\n", result.Text);
        Assert.Equal(7, result.ExitCode);
    }

    [Fact]
    public void A_program_runs_on_the_adapters_of_a_server()
    {
        string socket = _directory["adapter"];
        using Process server = BuiltTool.Start(
            "adapter", "serve", "--socket", socket, "--lun", "256M", "--ports", "1");
        Assert.StartsWith(
            "serving ", server.StandardOutput.ReadLine(), StringComparison.Ordinal);
        ToolResult result = BuiltTool.Run(
            "adapter", "run", "--socket", socket, "--", "ls", "/sys/class/scsi_generic");
        server.Kill();
        Assert.SkipWhen(result.ExitCode == NoCompiler, result.Errors);
        Assert.Equal("sg0\n", result.Succeeded().Text);
    }

    // It is the same process, so that signals, job control and the exit status are its own.
    [Fact]
    public void The_program_takes_the_place_of_the_tool_and_has_nothing_of_it()
    {
        const string Script = "echo $$; echo $(cat /proc/$$/task/$$/children); ls /proc/$$/fd; "
            + "sed -n s/SigIgn:.//p /proc/$$/status";
        using Process process = Start(Script);
        string[] lines = process.StandardOutput.ReadToEnd().Split('\n');
        BuiltTool.WaitForExit(process);
        Require(process);
        Assert.Equal($"{process.Id}", lines[0]);

        // The only child is the shell that looks.
        Assert.Single(lines[1].Split(' ', StringSplitOptions.RemoveEmptyEntries));

        // Descriptors, without the library's own, and ignored signals: as when started without us.
        // Only the signal that our runtime ignores (SIGPIPE) is that of a program that a shell starts.
        string[] plain = RunPlainly(Script);
        Assert.Equal(plain[2..^2], lines[2..^2].Where(name => int.Parse(name) < 200
            || plain.Contains(name)));
        const ulong BrokenPipe = 1 << 12;
        Assert.Equal(
            Convert.ToUInt64(plain[^2], 16) & ~BrokenPipe, Convert.ToUInt64(lines[^2], 16));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(9)]
    [InlineData(15)]
    public void A_program_that_a_signal_ends_ends_by_it(int signal)
    {
        using Process process = Start("echo ready; read line");
        Assert.SkipWhen(process.StandardOutput.ReadLine() is null, "no compiler");
        UnixSignal.Send(process, signal);
        BuiltTool.WaitForExit(process);
        Assert.Equal(128 + signal, process.ExitCode);
        AssertNothingIsLeft(process.Id);
    }

    [Theory]
    [InlineData("HUP", 1)]
    [InlineData("INT", 2)]
    [InlineData("QUIT", 3)]
    [InlineData("USR1", 10)]
    [InlineData("TERM", 15)]
    public void A_program_that_handles_a_signal_gets_it_once_and_goes_on(string name, int signal)
    {
        using Process process = Start(
            $"trap 'echo {name}' {name}; echo ready; "
            + "until test \"$line\" = end; do read line; done; exit 5");
        Assert.SkipWhen(process.StandardOutput.ReadLine() is null, "no compiler");
        UnixSignal.Send(process, signal);
        process.StandardInput.Write("end\n");
        process.StandardInput.Close();
        string said = process.StandardOutput.ReadToEnd();
        BuiltTool.WaitForExit(process);
        Assert.Equal($"{name}\n", said);
        Assert.Equal(5, process.ExitCode);
    }

    [Fact]
    public void A_program_can_wait_for_all_its_children()
    {
        ToolResult result = Run("true & true & wait; echo done");
        Assert.Equal("done\n", result.Succeeded().Text);
    }

    [Fact]
    public void Adapters_of_a_file_can_be_used_by_one_program_after_the_other()
    {
        string[] adapters = ["--lun", $"file:{_directory["lun"]},size=256M"];
        for (int i = 0; i < 3; i++)
        {
            ToolResult result = BuiltTool.Run(["adapter", "run", .. adapters, "--", "true"]);
            Assert.SkipWhen(result.ExitCode == NoCompiler, result.Errors);
            result.Succeeded();
        }
    }

    [Theory]
    [InlineData(
        ExitCode.NoProgram, "cannot run '/none': No such file or directory", "--", "/none")]
    [InlineData(ExitCode.NoProgram, "cannot run 'none-such'", "--", "none-such")]
    [InlineData(ExitCode.CannotRun, "cannot run '/': it is a directory", "--", "/")]
    [InlineData(
        ExitCode.CannotRun, "cannot run '/dev/null': Permission denied", "--", "/dev/null")]
    [InlineData(ExitCode.Usage, "needs adapters in SQ mode", "--registers", "shared", "--", "true")]
    [InlineData(
        ExitCode.Usage, "leave out the rest", "--socket", "/x", "--ports", "1", "--", "true")]
    [InlineData(ExitCode.NoInput, "nobody serves adapters", "--socket", "/none", "--", "true")]
    [InlineData(ExitCode.Usage, "--ports is one of 1, 2, 4", "--ports", "3", "--", "true")]
    [InlineData(ExitCode.Usage, "'80h' is not a time", "--latency", "80h", "--", "true")]
    [InlineData(ExitCode.Usage, "'1x' is not a size", "--lun", "1x", "--", "true")]
    [InlineData(ExitCode.Usage, "'size' is given twice", "--lun", "1G,size=2G", "--", "true")]
    [InlineData(
        ExitCode.Usage, "'block' is given twice", "--lun", "1G,block=512,block=512", "--", "true")]
    [InlineData(ExitCode.NoInput, "so it needs a size", "--lun", "file:/none/lun", "--", "true")]
    public void What_cannot_run_is_said(int exitCode, string message, params string[] arguments)
    {
        ToolResult result = BuiltTool.Run(["adapter", "run", .. arguments]);
        Assert.SkipWhen(result.ExitCode == NoCompiler, result.Errors);
        result.FailedLike(exitCode, message);
    }

    private static ToolResult Run(string script)
    {
        ToolResult result = BuiltTool.Run(
            "adapter", "run", "--lun", "256M", "--", "sh", "-c", script);
        Assert.SkipWhen(result.ExitCode == NoCompiler, result.Errors);
        return result;
    }

    private Process Start(string script) => BuiltTool.Start(
        [$"TMPDIR={_directory.FullPath}"],
        ["adapter", "run", "--lun", "256M", "--", "sh", "-c", script]);

    private static string[] RunPlainly(string script)
    {
        using Process process = Process.Start(new ProcessStartInfo("sh", ["-c", script])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        string output = process.StandardOutput.ReadToEnd();
        BuiltTool.WaitForExit(process);
        return output.Split('\n');
    }

    private static void Require(Process process) =>
        Assert.SkipWhen(process.ExitCode == NoCompiler, "no compiler");

    // Neither a process, nor a socket, nor a file.
    private void AssertNothingIsLeft(int processId)
    {
        string socket = $"@flashkv-{processId}-";
        Assert.True(
            SpinWait.SpinUntil(
                () => !File.ReadAllText("/proc/net/unix")
                    .Contains(socket, StringComparison.Ordinal)
                    && !Array.Exists(CommandLines(), line => line.Contains(
                        socket, StringComparison.Ordinal)),
                TimeSpan.FromMinutes(1)),
            $"there is still a server at {socket}…");
        Assert.DoesNotContain(
            Directory.GetFileSystemEntries(_directory.FullPath),
            name => Path.GetFileName(name).StartsWith("flashkv", StringComparison.Ordinal));
    }

    private static string[] CommandLines() =>
    [
        .. Directory.GetDirectories("/proc").Where(
            directory => char.IsAsciiDigit(Path.GetFileName(directory)[0])).Select(CommandLine),
    ];

    private static string CommandLine(string process)
    {
        try
        {
            return File.ReadAllText(Path.Combine(process, "cmdline"));
        }
        catch (IOException)
        {
            return ""; // it has ended meanwhile
        }
    }
}
