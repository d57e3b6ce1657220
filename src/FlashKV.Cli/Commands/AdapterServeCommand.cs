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
    private readonly Option<string?> _socket = AdapterSocketOption.Create();
    private readonly AdapterMachineOptions _machine;

    public AdapterServeCommand(ToolEnvironment environment)
        : base("serve", "Serve adapters to other processes until SIGINT or SIGTERM.", environment)
    {
        Options.Add(_socket);
        _machine = new AdapterMachineOptions(this);
    }

    /// <inheritdoc/>
    protected override int Run(ParseResult line)
    {
        string socket = AdapterSocketOption.PathIn(line, _socket);
        using AdapterMachine machine = AdapterMachine.Create(_machine.TopologyIn(line));
        using AdapterServer server = AdapterServing.Start(machine.Host, socket);
        int adapters = machine.Host.Adapters.Count;
        Environment.WriteLine(
            $"serving {Quantity.Count(adapters, "adapter")} with "
            + $"{Quantity.Count(machine.Host.DevicePaths.Count, "device")} at {socket}");
        Environment.Stop.WaitHandle.WaitOne();
        return ExitCode.Success;
    }
}
