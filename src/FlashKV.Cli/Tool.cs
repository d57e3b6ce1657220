using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using FlashKV.Cli.Commands;
using FlashKV.Cli.Terminal;

namespace FlashKV.Cli;

/// <summary>The tool as a whole: its command line, and the frame around every verb.</summary>
internal static class Tool
{
    private static readonly ParserConfiguration s_parsing = new()
    {
        // A key may begin with '@'.
        ResponseFileTokenReplacer = null,
    };

    /// <summary>Runs one command line in this process and answers its exit code.</summary>
    public static int RunProcess(string[] arguments)
    {
        using StopSignals signals = new();
        using StandardOutput output = new();
        ToolEnvironment environment = new()
        {
            Input = Console.OpenStandardInput(),
            Output = output,
            Error = Console.Error,
            ErrorIsTerminal = !Console.IsErrorRedirected,
            Stop = signals.Token,
        };
        int exitCode = Run(arguments, environment);
        return signals.ExitCode ?? exitCode;
    }

    /// <summary>Runs one command line and answers its exit code.</summary>
    public static int Run(IReadOnlyList<string> arguments, ToolEnvironment environment)
    {
        try
        {
            ParseResult line = CreateCommands(environment).Parse(arguments, s_parsing);
            return line.Action is ParseErrorAction
                ? RefuseUsage(line, environment) : line.Invoke(Invocation(environment));
        }
        catch (OperationCanceledException) when (environment.Stop.IsCancellationRequested)
        {
            environment.Say("stopped by a signal");
            return ExitCode.Software;
        }
        catch (Exception failure)
        {
            return FailureReport.Write(failure, environment);
        }
    }

    private static Command CreateCommands(ToolEnvironment environment)
    {
        // A RootCommand would be named for the file of the program, and its help would take the
        // key "/h" for itself.
        Command root = new(
            "flashkv", "Load, query, verify and demonstrate FlashKV stores.\n\n" + ExitCode.Table);
        root.Options.Add(new HelpOption("--help", "-h", "-?"));
        root.Options.Add(new VersionOption());
        root.Subcommands.Add(new PutCommand(environment));
        root.Subcommands.Add(new GetCommand(environment));
        root.Subcommands.Add(new DelCommand(environment));
        root.Subcommands.Add(new ScanCommand(environment));
        root.Subcommands.Add(new ImportCommand(environment));
        root.Subcommands.Add(new ExportCommand(environment));
        root.Subcommands.Add(new StatCommand(environment));
        root.Subcommands.Add(new VerifyCommand(environment));
        root.Subcommands.Add(new SalvageCommand(environment));
        root.Subcommands.Add(new BackupCommand(environment));
        root.Subcommands.Add(new BackupsCommand(environment));
        root.Subcommands.Add(new RestoreCommand(environment));
        root.Subcommands.Add(new CompactCommand(environment));
        root.Subcommands.Add(new DemoCommand(environment));
        root.Subcommands.Add(new AdapterCommand(environment));
        return root;
    }

    private static InvocationConfiguration Invocation(ToolEnvironment environment) => new()
    {
        EnableDefaultExceptionHandler = false,
        ProcessTerminationTimeout = null,
        Output = new StreamWriter(environment.Output, leaveOpen: true) { AutoFlush = true },
        Error = environment.Error,
    };

    private static int RefuseUsage(ParseResult line, ToolEnvironment environment)
    {
        string name = NameOf(line.CommandResult.Command);
        string problem = line.UnmatchedTokens is [string unknown, ..]
            ? $"'{unknown}' is not understood" : OneLine(line.Errors[0].Message);
        environment.Say($"{problem} (see {name} --help)");
        return ExitCode.Usage;
    }

    private static string OneLine(string message) => message
        .ReplaceLineEndings(" ").Replace("\t", "", StringComparison.Ordinal).TrimEnd('.');

    private static string NameOf(Command command) =>
        command.Parents.OfType<Command>().FirstOrDefault() is { } parent
            ? $"{NameOf(parent)} {command.Name}" : command.Name;
}
