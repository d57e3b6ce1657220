using System.CommandLine;
using FlashKV.Cli.Terminal;
using FlashKV.Cli.Text;
using FlashKV.SimBackend;

namespace FlashKV.Cli.Commands;

/// <summary>
/// <c>flashkv adapter serve</c>: serves adapters at a socket until it is told to stop.
/// </summary>
internal sealed class AdapterServeCommand : ToolCommand
{
    /// <summary>How the line begins that says that clients can connect.</summary>
    public const string Ready = "serving ";

    private readonly Option<string?> _socket = AdapterSocketOption.Create();

    private readonly Option<int?> _process = new("--for-process")
    {
        Description = "End when this process has ended, and leave the terminal's session.",
        HelpName = "PID",
    };

    private readonly AdapterMachineOptions _machine;

    public AdapterServeCommand(ToolEnvironment environment)
        : base("serve", "Serve adapters to other processes until SIGINT or SIGTERM.", environment)
    {
        Options.Add(_socket);
        Options.Add(_process);
        _machine = new AdapterMachineOptions(this);
    }

    /// <summary>The arguments of a server that lives as long as a process.</summary>
    public static IEnumerable<string> ArgumentsFor(
        int processId, string socket, IEnumerable<string> machine) =>
        ["adapter", "serve", $"--socket={socket}", $"--for-process={processId}", .. machine];

    /// <inheritdoc/>
    protected override int Run(ParseResult line)
    {
        string socket = AdapterSocketOption.PathIn(line, _socket);
        WaitHandle[] ends = [Environment.Stop.WaitHandle, .. EndOfProcess(line)];
        using AdapterMachine machine = AdapterMachine.Create(_machine.TopologyIn(line));
        using AdapterServer server = AdapterServing.Start(machine.Host, socket);
        int adapters = machine.Host.Adapters.Count;
        Environment.WriteLine(
            $"{Ready}{Quantity.Count(adapters, "adapter")} with "
            + $"{Quantity.Count(machine.Host.DevicePaths.Count, "device")} at {socket}");
        WaitHandle.WaitAny(ends);
        return ExitCode.Success;
    }

    private WaitHandle[] EndOfProcess(ParseResult line)
    {
        if (line.GetValue(_process) is not int processId)
        {
            return [];
        }

        // What a terminal sends is for that process, which may go on.
        _ = ProcessCalls.LeaveTerminal();
        return [ProcessEnd.TryWatch(processId) ?? throw new ToolException(
            ExitCode.NoInput, $"there is no process {processId}")];
    }
}
