using System.Diagnostics;
using System.Text.Json;
using FlashKV.SimBackend;
using FlashKV.Superpipe;

namespace FlashKV.Cli.Tests.Commands;

/// <summary>Adapters served by the tool, and the verbs that control them.</summary>
public sealed class AdapterTests : IDisposable
{
    private readonly TemporaryDirectory _directory = new();
    private readonly List<Process> _servers = [];

    private string Socket => _directory["adapter"];

    public void Dispose()
    {
        foreach (Process server in _servers)
        {
            if (!server.HasExited)
            {
                server.Kill();
                server.WaitForExit();
            }

            server.Dispose();
        }

        _directory.Dispose();
    }

    [Fact]
    public void A_server_says_when_it_is_ready_and_ends_on_a_signal()
    {
        Process server = Serve("--lun", "1G", "--adapters", "2", "--ports", "4");
        Assert.True(File.Exists(Socket));
        Assert.Equal(
            8,
            BuiltTool.Run("adapter", "stats", "--socket", Socket, "--devices")
                .Succeeded().SortedLines.Count(
                    line => line.StartsWith("name=sg", StringComparison.Ordinal)));
        UnixSignal.Send(server, UnixSignal.Terminate);
        BuiltTool.WaitForExit(server);
        Assert.Equal(128 + UnixSignal.Terminate, server.ExitCode);
        Assert.False(File.Exists(Socket));
    }

    [Fact]
    public void A_client_of_this_process_is_controlled_from_another()
    {
        Serve("--lun", "1G", "--mode", "sq");
        using SharedAdapterTransport transport = SharedAdapterTransport.Connect(
            Socket, SharedRegisterAccess.SharedPage);
        using SuperpipeDevice device = SuperpipeDevice.Open(transport, "/dev/sg0");
        using SuperpipeContext context = device.Attach();
        using VirtualLun lun = context.OpenVirtualLun(1);
        Read(lun);

        BuiltTool.Run("adapter", "reset", "--socket", Socket).Succeeded();
        Read(lun);
        Assert.Equal(1, context.GetStatistics().Recoveries);

        BuiltTool.Run("adapter", "attention", "0", "2A00", "--socket", Socket).Succeeded();
        Read(lun);
        Assert.True(context.GetStatistics().UnitAttentions > 0);

        BuiltTool.Run("adapter", "port", "0", "down", "--socket", Socket).Succeeded();
        Read(lun);
        BuiltTool.Run("adapter", "capacity", "0", "512M", "--socket", Socket).Succeeded();
        JsonElement adapter = Statistics();
        Assert.Equal(1, adapter.GetProperty("contexts").GetInt32());
        Assert.Equal(1, adapter.GetProperty("handles").GetInt32());
        Assert.Equal(1, adapter.GetProperty("resets").GetInt32());
        Assert.Equal("down", adapter.GetProperty("ports")[0].GetString());
        Assert.Equal(131_072, adapter.GetProperty("luns")[0].GetProperty("blocks").GetInt64());
        BuiltTool.Run("adapter", "port", "0", "up", "--socket", Socket).Succeeded();

        BuiltTool.Run("adapter", "reset", "--permanent", "--socket", Socket).Succeeded();
        Assert.Equal(
            Errno.NoDevice, Assert.Throws<DeviceException>(() => Read(lun)).Errno);
    }

    [Fact]
    public void A_lun_in_a_file_survives_its_server()
    {
        string lun = $"file:{_directory["lun"]}";
        Process first = Serve("--lun", $"{lun},size=512M");
        byte[] written = Transfer(BlockOperation.Write, new byte[] { 1, 2, 3 });
        UnixSignal.Send(first, UnixSignal.Terminate);
        BuiltTool.WaitForExit(first);
        Serve("--lun", lun);
        Assert.Equal(written, Transfer(BlockOperation.Read, []));
    }

    [Fact]
    public void A_native_program_runs_on_adapters_of_its_own()
    {
        const int NoCompiler = ExitCode.CannotCreate;
        ToolResult result = BuiltTool.Run(
            "adapter", "run", "--lun", "256M", "--",
            "sh", "-c", "cat /sys/class/scsi_generic/sg0/device/mode; exit 7");
        Assert.SkipWhen(result.ExitCode == NoCompiler, result.Errors);
        Assert.Equal("superpipe\n", result.Text);
        Assert.Equal(7, result.ExitCode);
        Serve("--lun", "256M", "--ports", "1");
        Assert.Equal("sg0\n", BuiltTool.Run(
            "adapter", "run", "--socket", Socket, "--", "ls", "/sys/class/scsi_generic")
            .Succeeded().Text);
    }

    [Theory]
    [InlineData(ExitCode.NoInput, "cannot run '/none': No such file or directory", "--", "/none")]
    [InlineData(ExitCode.NoInput, "cannot run '/': it is a directory", "--", "/")]
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
        Assert.SkipWhen(result.ExitCode == ExitCode.CannotCreate, result.Errors);
        result.FailedLike(exitCode, message);
    }

    [Fact]
    public void A_second_server_of_a_socket_is_refused()
    {
        Serve("--lun", "256M");
        BuiltTool.Run("adapter", "serve", "--socket", Socket, "--lun", "256M")
            .FailedLike(ExitCode.Locked, "another server has the socket");
    }

    [Fact]
    public void A_socket_left_behind_is_taken_over()
    {
        Process killed = Serve("--lun", "256M");
        killed.Kill();
        killed.WaitForExit();
        Assert.True(File.Exists(Socket));
        Serve("--lun", "256M");
        BuiltTool.Run("adapter", "stats", "--socket", Socket).Succeeded();
    }

    [Fact]
    public void Verbs_without_a_server_say_so()
    {
        BuiltTool.Run("adapter", "reset", "--socket", Socket)
            .FailedLike(ExitCode.NoInput, "nobody serves adapters at");
        BuiltTool.Run("adapter", "reset").FailedLike(ExitCode.Usage, "no socket: give --socket");
        BuiltTool.Run("adapter", "serve", "--socket", Path.Combine(Socket, "x", "y"))
            .FailedLike(ExitCode.InputOutput, "cannot be made");
        File.WriteAllText(Socket, "a file");
        BuiltTool.Run("adapter", "serve", "--socket", Socket)
            .FailedLike(ExitCode.Usage, "exists and is not a socket");
        Assert.Equal("a file", File.ReadAllText(Socket));
        Assert.False(File.Exists(Socket + ".lock"));
    }

    [Fact]
    public void What_is_not_there_cannot_be_controlled()
    {
        Serve("--lun", "256M");
        BuiltTool.Run("adapter", "reset", "--adapter", "1", "--socket", Socket)
            .FailedLike(ExitCode.Usage, "there is no such adapter");
        BuiltTool.Run("adapter", "port", "7", "up", "--socket", Socket)
            .FailedLike(ExitCode.Usage, "there is no such adapter");
        BuiltTool.Run("adapter", "capacity", "0", "2G", "--socket", Socket)
            .FailedLike(ExitCode.Usage, "out of range");
        BuiltTool.Run("adapter", "attention", "0", "xyz", "--socket", Socket)
            .FailedLike(ExitCode.Usage, "'xyz' is no sense code");
        BuiltTool.Run("adapter", "attention", "0", "29", "--socket", Socket)
            .FailedLike(ExitCode.Usage, "'29' is no sense code");
        BuiltTool.Run("adapter", "attention", "0", "--socket", Socket).Succeeded();
        BuiltTool.Run("adapter", "port", "0", "sideways", "--socket", Socket)
            .FailedLike(ExitCode.Usage, "'up' 'down' (see flashkv adapter port --help)");
    }

    private Process Serve(params IEnumerable<string> options)
    {
        Process server = BuiltTool.Start(["adapter", "serve", "--socket", Socket, .. options]);
        _servers.Add(server);
        Task<string?> ready = server.StandardOutput.ReadLineAsync();
        Assert.True(ready.Wait(TimeSpan.FromMinutes(1)), "the server is not ready");
        Assert.StartsWith("serving ", ready.Result, StringComparison.Ordinal);
        return server;
    }

    private JsonElement Statistics()
    {
        ToolResult result = BuiltTool.Run("adapter", "stats", "--socket", Socket).Succeeded();
        using JsonDocument document = JsonDocument.Parse(result.Text);
        return document.RootElement.GetProperty("adapters")[0].Clone();
    }

    private static void Read(VirtualLun lun)
    {
        using AlignedBlock block = new();
        lun.Transfer(new BlockTransfer(BlockOperation.Read, 0, 1, block.Address));
    }

    private byte[] Transfer(BlockOperation operation, ReadOnlySpan<byte> bytes)
    {
        using SharedAdapterTransport transport = SharedAdapterTransport.Connect(Socket);
        using SuperpipeDevice device = SuperpipeDevice.Open(transport, "/dev/sg0");
        using SuperpipeContext context = device.Attach();
        using PhysicalLun lun = context.OpenPhysicalLun();
        using AlignedBlock block = new();
        block.Write(bytes);
        lun.Transfer(new BlockTransfer(operation, 7, 1, block.Address, ForceUnitAccess: true));
        return block.Read();
    }
}
