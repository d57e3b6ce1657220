using System.CommandLine;
using FlashKV.Cli.Terminal;

namespace FlashKV.Cli.Commands;

/// <summary><c>flashkv adapter</c>: simulated adapters for other processes.</summary>
internal sealed class AdapterCommand : Command
{
    public AdapterCommand(ToolEnvironment environment)
        : base("adapter", "Serve simulated adapters to other processes, and control them.")
    {
        Subcommands.Add(new AdapterServeCommand(environment));
        Subcommands.Add(new AdapterRunCommand(environment));
        Subcommands.Add(new AdapterResetCommand(environment));
        Subcommands.Add(new AdapterPortCommand(environment));
        Subcommands.Add(new AdapterAttentionCommand(environment));
        Subcommands.Add(new AdapterCapacityCommand(environment));
        Subcommands.Add(new AdapterStatsCommand(environment));
    }
}
