using System.Collections;
using System.CommandLine;
using System.ComponentModel;
using System.Diagnostics;
using FlashKV.Cli.Terminal;
using FlashKV.SimBackend;

namespace FlashKV.Cli.Commands;

/// <summary>
/// <c>flashkv adapter run -- COMMAND</c>: runs a native program on simulated adapters, as it is.
/// </summary>
/// <remarks>
/// The program takes the place of this process (exec). So there is nobody between it and whoever
/// started the tool: signals, job control, the terminal and the exit status are the program's.
/// </remarks>
internal sealed class AdapterRunCommand : ToolCommand
{
    private readonly Option<string?> _socket = new("--socket")
    {
        Description = "The socket of a running server; without it, adapters of the program's own.",
        HelpName = "PATH",
    };

    private readonly Option<string> _registers = new("--registers")
    {
        Description = "How the program touches registers: trapped (exact), or shared (a page, in "
            + "SQ mode).",
        DefaultValueFactory = _ => "trapped",
    };

    private readonly Argument<string[]> _command = new("COMMAND")
    {
        Description = "The program and its arguments, after --.",
        Arity = ArgumentArity.OneOrMore,
    };

    private readonly AdapterMachineOptions _machine;

    public AdapterRunCommand(ToolEnvironment environment)
        : base("run", "Run a native program on simulated adapters.", environment)
    {
        _registers.AcceptOnlyFromAmong("trapped", "shared");
        Options.Add(_socket);
        Options.Add(_registers);
        _machine = new AdapterMachineOptions(this);
        Arguments.Add(_command);
    }

    /// <inheritdoc/>
    protected override int Run(ParseResult line)
    {
        string? socket = line.GetValue(_socket);
        Check(line, socket);
        string library = BuildLibrary();
        socket ??= AdapterBehind.Start(_machine.ArgumentsIn(line));
        Environment.Stop.ThrowIfCancellationRequested();

        ProcessStartInfo start = new();
        PreloadLibrary.Configure(start, library, socket, RegistersIn(line));
        IDictionary ours = System.Environment.GetEnvironmentVariables();
        string[] command = line.GetRequiredValue(_command);
        int error = ProcessCalls.Become(
            command,
            start.Environment.Where(variable => !Equals(ours[variable.Key], variable.Value))
                .Select(variable => KeyValuePair.Create(variable.Key, variable.Value!)));
        throw Refusal(command[0], error);
    }

    // What is wrong with the command line, or with the server, is said before anything is started.
    private void Check(ParseResult line, string? socket)
    {
        if (socket is not null)
        {
            if (_machine.AreGiven(line))
            {
                throw new ToolException(
                    ExitCode.Usage,
                    "the adapters of --socket are what they are: leave out the rest");
            }

            AdapterServing.Connect(socket).Dispose();
        }
        else if (_machine.TopologyIn(line).Adapters.Any(
            adapter => adapter.Mode == SubmissionMode.CommandRooms)
            && RegistersIn(line) == PreloadRegisters.Shared)
        {
            throw new ToolException(
                ExitCode.Usage, "--registers shared needs adapters in SQ mode (--mode sq)");
        }
    }

    private PreloadRegisters RegistersIn(ParseResult line) =>
        line.GetValue(_registers) == "shared"
            ? PreloadRegisters.Shared : PreloadRegisters.Trapped;

    private static string BuildLibrary()
    {
        try
        {
            return PreloadLibrary.Build();
        }
        catch (PreloadLibraryException failure)
        {
            throw new ToolException(
                ExitCode.CannotCreate, failure.Message.TrimEnd('.'), failure);
        }
    }

    private static ToolException Refusal(string program, int error)
    {
        const int NoEntry = 2;
        string reason = Directory.Exists(program)
            ? "it is a directory" : new Win32Exception(error).Message;
        return new ToolException(
            error == NoEntry ? ExitCode.NoProgram : ExitCode.CannotRun,
            $"cannot run '{program}': {reason}");
    }
}
