using System.CommandLine;
using FlashKV.Cli.Terminal;
using FlashKV.SimBackend;

namespace FlashKV.Cli.Commands;

/// <summary><c>flashkv adapter port</c>: takes the link of a port up or down.</summary>
internal sealed class AdapterPortCommand : AdapterControlCommand
{
    private readonly Argument<int> _port = new("PORT")
    {
        Description = "The port, counted from 0.",
    };

    private readonly Argument<string> _state = new("STATE") { Description = "up or down." };

    public AdapterPortCommand(ToolEnvironment environment)
        : base("port", "Take the link of a port up or down.", environment)
    {
        _state.AcceptOnlyFromAmong("up", "down");
        Arguments.Add(_port);
        Arguments.Add(_state);
    }

    /// <inheritdoc/>
    protected override void Run(AdapterControl control, int adapter, ParseResult line) =>
        control.SetLink(
            adapter, line.GetRequiredValue(_port), line.GetRequiredValue(_state) == "up");
}
