using FlashKV.SimBackend;
using FlashKV.Superpipe;

namespace FlashKV.Cli.Commands;

/// <summary>Starting and reaching a server, with exit codes for what can go wrong.</summary>
internal static class AdapterServing
{
    /// <summary>Serves adapters at a socket.</summary>
    public static AdapterServer Start(SimulatedHost host, string socket) =>
        Translated(() => AdapterServer.Start(host, socket));

    /// <summary>Connects to a server.</summary>
    public static AdapterControl Connect(string socket) =>
        Translated(() => AdapterControl.Connect(socket));

    private static T Translated<T>(Func<T> action)
    {
        try
        {
            return action();
        }
        catch (AdapterSocketException failure)
        {
            throw new ToolException(CodeOf(failure.Errno), FailureReport.Message(failure), failure);
        }
        catch (PlatformNotSupportedException failure)
        {
            throw new ToolException(
                ExitCode.InputOutput, FailureReport.Message(failure), failure);
        }
    }

    private static int CodeOf(Errno errno) => errno switch
    {
        Errno.Busy => ExitCode.Locked,
        Errno.NoEntry => ExitCode.NoInput,
        Errno.InvalidArgument => ExitCode.Usage,
        _ => ExitCode.InputOutput,
    };
}
