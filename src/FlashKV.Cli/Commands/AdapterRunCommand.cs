using System.CommandLine;
using System.ComponentModel;
using System.Diagnostics;
using FlashKV.Cli.Terminal;
using FlashKV.SimBackend;

namespace FlashKV.Cli.Commands;

/// <summary>
/// <c>flashkv adapter run -- COMMAND</c>: runs a native program on simulated adapters, as it is.
/// </summary>
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
        bool isShared = line.GetValue(_registers) == "shared";
        if (line.GetValue(_socket) is string socket)
        {
            return _machine.AreGiven(line)
                ? throw new ToolException(
                    ExitCode.Usage,
                    "the adapters of --socket are what they are: leave out the rest")
                : Run(line, socket, isShared);
        }

        AdapterTopology topology = _machine.TopologyIn(line);
        if (isShared
            && topology.Adapters.Any(adapter => adapter.Mode == SubmissionMode.CommandRooms))
        {
            throw new ToolException(
                ExitCode.Usage, "--registers shared needs adapters in SQ mode (--mode sq)");
        }

        using AdapterMachine machine = AdapterMachine.Create(topology);
        DirectoryInfo directory = Directory.CreateTempSubdirectory("flashkv-");
        try
        {
            string own = Path.Combine(directory.FullName, "adapter");
            using AdapterServer server = AdapterServing.Start(machine.Host, own);
            return Run(line, own, isShared);
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    private int Run(ParseResult line, string socket, bool isShared)
    {
        using (AdapterServing.Connect(socket))
        {
            // A server that is not there is reported here, and not by the program.
        }

        string[] command = line.GetRequiredValue(_command);
        ProcessStartInfo start = new(command[0]);
        foreach (string argument in command.Skip(1))
        {
            start.ArgumentList.Add(argument);
        }

        PreloadLibrary.Configure(
            start,
            BuildLibrary(),
            socket,
            isShared ? PreloadRegisters.Shared : PreloadRegisters.Trapped);
        using Process process = Start(start);
        return WaitFor(process);
    }

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

    private static Process Start(ProcessStartInfo start)
    {
        try
        {
            return Process.Start(start)!;
        }
        catch (Win32Exception failure)
        {
            // The runtime refuses a directory itself, without an error of the system.
            string reason = failure.NativeErrorCode == 0
                ? "it is a directory" : new Win32Exception(failure.NativeErrorCode).Message;
            throw new ToolException(
                ExitCode.NoInput, $"cannot run '{start.FileName}': {reason}", failure);
        }
    }

    // A terminal sends its signals to the program as well, which may want to end in good order.
    private int WaitFor(Process process)
    {
        const int GraceMilliseconds = 5_000;
        using (Environment.Stop.Register(() =>
        {
            if (!process.WaitForExit(GraceMilliseconds))
            {
                process.Kill(entireProcessTree: true);
            }
        }))
        {
            process.WaitForExit();
        }

        return process.ExitCode;
    }
}
