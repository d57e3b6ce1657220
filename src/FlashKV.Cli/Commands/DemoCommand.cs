using System.CommandLine;
using FlashKV.Cli.Demo;
using FlashKV.Cli.Terminal;

namespace FlashKV.Cli.Commands;

/// <summary>
/// <c>flashkv demo</c>: shows on real data what a store does, and checks all of it.
/// </summary>
internal sealed class DemoCommand : ToolCommand
{
    private readonly Option<string?> _directory = new("--directory")
    {
        Description = "An empty or new directory to work in, instead of a temporary one.",
        HelpName = "D",
    };

    private readonly Option<bool> _keep = new("--keep")
    {
        Description = "Leave the stores there at the end.",
    };

    private readonly Option<int> _seed = new("--seed")
    {
        Description = "Seed of all choices.",
        HelpName = "N",
        DefaultValueFactory = _ => 1,
    };

    public DemoCommand(ToolEnvironment environment)
        : base("demo", "Load a real data set, try everything on it, and check it.", environment)
    {
        Options.Add(_directory);
        Options.Add(_keep);
        Options.Add(_seed);
    }

    protected override int Run(ParseResult line)
    {
        using DemoDirectory directory = DemoDirectory.Create(
            line.GetValue(_directory), line.GetValue(_keep));
        return DemoRun.Run(Environment, directory, line.GetValue(_seed), DemoRun.AllSteps);
    }
}
