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

    // Bug: they answered as if they had done something.
    [Fact]
    public void An_adapter_that_was_taken_out_refuses_all_and_shows_it()
    {
        Serve("--lun", "256M", "--adapters", "2", "--ports", "1");
        Assert.Equal("normal", Statistics().GetProperty("state").GetString());
        BuiltTool.Run("adapter", "reset", "--permanent", "--socket", Socket).Succeeded();
        string[][] verbs =
        [
            ["reset"], ["reset", "--permanent"], ["port", "0", "up"], ["attention", "0"],
            ["capacity", "0", "128M"],
        ];
        foreach (string[] verb in verbs)
        {
            BuiltTool.Run(["adapter", .. verb, "--socket", Socket])
                .FailedLike(ExitCode.InputOutput, "adapter 0 has been taken out");
        }

        Assert.Equal("failed", Statistics().GetProperty("state").GetString());
        Assert.Equal("gone", Statistics().GetProperty("ports")[0].GetString());
        Assert.Equal("normal", Statistics(1).GetProperty("state").GetString());
        BuiltTool.Run("adapter", "reset", "--adapter", "1", "--socket", Socket).Succeeded();
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
    public void A_socket_can_be_a_name_that_leaves_no_file()
    {
        string name = $"@flashkv-test-{Environment.ProcessId}";
        Process first = Serve(name, []);
        BuiltTool.Run("adapter", "serve", "--socket", name, "--lun", "256M")
            .FailedLike(ExitCode.Locked, "another server has the socket");
        BuiltTool.Run("adapter", "stats", "--socket", name).Succeeded();
        Assert.Empty(Directory.GetFileSystemEntries(_directory.FullPath));
        first.Kill();
        first.WaitForExit();
        Serve(name, []);
    }

    [Fact]
    public void A_server_ends_with_the_process_that_it_is_for()
    {
        using Process other = BuiltTool.Start(
            "adapter", "serve", "--socket", _directory["other"], "--lun", "256M");
        Process server = Serve(
            "--lun", "256M", "--for-process", $"{other.Id}");
        Assert.False(server.HasExited);
        other.Kill();
        BuiltTool.WaitForExit(server);
        Assert.Equal(0, server.ExitCode);
        BuiltTool.Run("adapter", "serve", "--socket", Socket, "--for-process", $"{other.Id}")
            .FailedLike(ExitCode.NoInput, $"there is no process {other.Id}");
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
            .FailedLike(ExitCode.Usage, "there is no adapter 1");
        BuiltTool.Run("adapter", "stats", "--adapter", "1", "--socket", Socket)
            .FailedLike(ExitCode.Usage, "there is no adapter 1");
        BuiltTool.Run("adapter", "port", "7", "up", "--socket", Socket)
            .FailedLike(ExitCode.Usage, "adapter 0 has no port 7");
        BuiltTool.Run("adapter", "capacity", "1", "128M", "--socket", Socket)
            .FailedLike(ExitCode.Usage, "adapter 0 has no LUN 1");
        BuiltTool.Run("adapter", "capacity", "0", "2G", "--socket", Socket)
            .FailedLike(
                ExitCode.Usage, "its medium has fewer than 524288 blocks of 4096 bytes");
        BuiltTool.Run("adapter", "attention", "0", "xyz", "--socket", Socket)
            .FailedLike(ExitCode.Usage, "'xyz' is no sense code");
        BuiltTool.Run("adapter", "attention", "0", "29", "--socket", Socket)
            .FailedLike(ExitCode.Usage, "'29' is no sense code");
        BuiltTool.Run("adapter", "attention", "0", "--socket", Socket).Succeeded();
        BuiltTool.Run("adapter", "port", "0", "sideways", "--socket", Socket)
            .FailedLike(ExitCode.Usage, "'up' 'down' (see flashkv adapter port --help)");
    }

    private Process Serve(params IEnumerable<string> options) => Serve(Socket, options);

    private Process Serve(string socket, IEnumerable<string> options)
    {
        Process server = BuiltTool.Start(["adapter", "serve", "--socket", socket, .. options]);
        _servers.Add(server);
        Task<string?> ready = server.StandardOutput.ReadLineAsync();
        Assert.True(ready.Wait(TimeSpan.FromMinutes(1)), "the server is not ready");
        Assert.StartsWith("serving ", ready.Result, StringComparison.Ordinal);
        return server;
    }

    private JsonElement Statistics(int adapter = 0)
    {
        ToolResult result = BuiltTool.Run("adapter", "stats", "--socket", Socket).Succeeded();
        using JsonDocument document = JsonDocument.Parse(result.Text);
        return document.RootElement.GetProperty("adapters")[adapter].Clone();
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
