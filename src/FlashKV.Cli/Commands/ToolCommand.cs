using System.CommandLine;
using FlashKV.Cli.Terminal;

namespace FlashKV.Cli.Commands;

/// <summary>A verb of the tool.</summary>
internal abstract class ToolCommand : Command
{
    protected ToolCommand(string name, string description, ToolEnvironment environment)
        : base(name, description)
    {
        Environment = environment;
        SetAction(Run);
    }

    /// <summary>The world outside.</summary>
    public ToolEnvironment Environment { get; }

    /// <summary>Does the work and answers one of <see cref="ExitCode"/>.</summary>
    protected abstract int Run(ParseResult line);

    /// <summary>The store's directory, the first argument of every verb that has a store.</summary>
    protected Argument<string> AddDirectory()
    {
        Argument<string> directory = new("DIR") { Description = "The store's directory." };
        Arguments.Add(directory);
        return directory;
    }
}
