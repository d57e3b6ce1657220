using System.CommandLine;
using FlashKV.Cli.Terminal;
using FlashKV.SimBackend;

namespace FlashKV.Cli.Commands;

/// <summary>A verb that does something to the adapters of a running server.</summary>
internal abstract class AdapterControlCommand : ToolCommand
{
    private readonly Option<string?> _socket = AdapterSocketOption.Create();

    private readonly Option<int> _adapter = new("--adapter")
    {
        Description = "Which adapter, counted from 0.",
        HelpName = "N",
    };

    protected AdapterControlCommand(
        string name, string description, ToolEnvironment environment)
        : base(name, description, environment)
    {
        Options.Add(_socket);
        Options.Add(_adapter);
    }

    /// <inheritdoc/>
    protected sealed override int Run(ParseResult line)
    {
        using AdapterControl control = AdapterServing.Connect(
            AdapterSocketOption.PathIn(line, _socket));
        try
        {
            Run(control, AdapterOf(line), line);
            return ExitCode.Success;
        }
        catch (ArgumentException refusal)
        {
            throw new ToolException(ExitCode.Usage, FailureReport.Refusal(refusal), refusal);
        }
        catch (InvalidOperationException refusal)
        {
            throw new ToolException(
                ExitCode.InputOutput, FailureReport.Refusal(refusal), refusal);
        }
    }

    /// <summary>Does it.</summary>
    protected abstract void Run(AdapterControl control, int adapter, ParseResult line);

    /// <summary>The adapter; <paramref name="line"/> need not name one.</summary>
    protected virtual int AdapterOf(ParseResult line) => line.GetValue(_adapter);

    /// <summary>Whether an adapter was named.</summary>
    protected bool HasAdapter(ParseResult line) =>
        line.GetResult(_adapter) is { Implicit: false };
}
