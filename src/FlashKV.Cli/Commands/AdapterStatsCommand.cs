using System.CommandLine;
using FlashKV.Cli.Terminal;
using FlashKV.SimBackend;

namespace FlashKV.Cli.Commands;

/// <summary><c>flashkv adapter stats</c>: prints what a server has done and holds.</summary>
internal sealed class AdapterStatsCommand : AdapterControlCommand
{
    private readonly Option<bool> _devices = new("--devices")
    {
        Description = "List the device nodes instead, one a line.",
    };

    public AdapterStatsCommand(ToolEnvironment environment)
        : base("stats", "Print what a server has done and holds, as JSON.", environment) =>
        Options.Add(_devices);

    /// <inheritdoc/>
    protected override void Run(AdapterControl control, int adapter, ParseResult line)
    {
        string text = line.GetValue(_devices)
            ? control.ListDevices() : control.GetStatistics(adapter);
        Environment.WriteLine(text.TrimEnd('\n'));
    }

    /// <summary>All adapters, unless one is named.</summary>
    protected override int AdapterOf(ParseResult line) =>
        HasAdapter(line) ? base.AdapterOf(line) : -1;
}
