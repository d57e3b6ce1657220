using System.CommandLine;
using FlashKV.Cli.Terminal;
using FlashKV.SimBackend;

namespace FlashKV.Cli.Commands;

/// <summary><c>flashkv adapter reset</c>: resets an adapter, or ends it.</summary>
internal sealed class AdapterResetCommand : AdapterControlCommand
{
    private readonly Option<bool> _permanent = new("--permanent")
    {
        Description = "Take the adapter out: no context can be recovered.",
    };

    public AdapterResetCommand(ToolEnvironment environment)
        : base("reset", "Reset an adapter: contexts are lost until recovered.", environment) =>
        Options.Add(_permanent);

    /// <inheritdoc/>
    protected override void Run(AdapterControl control, int adapter, ParseResult line)
    {
        if (line.GetValue(_permanent))
        {
            control.Fail(adapter);
        }
        else
        {
            control.Reset(adapter);
        }
    }
}
