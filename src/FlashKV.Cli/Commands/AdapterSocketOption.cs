using System.CommandLine;

namespace FlashKV.Cli.Commands;

/// <summary>The socket of a server: an option, or a variable of the environment.</summary>
internal static class AdapterSocketOption
{
    /// <summary>What <c>adapter run</c> sets for the programs that it starts.</summary>
    public const string Variable = "FLASHKV_ADAPTER_SOCKET";

    public static Option<string?> Create() => new("--socket")
    {
        Description = $"The server's socket (else {Variable} of the environment).",
        HelpName = "PATH",
    };

    /// <summary>The socket that was named.</summary>
    /// <exception cref="ToolException">None was.</exception>
    public static string PathIn(ParseResult line, Option<string?> option) =>
        line.GetValue(option) ?? FromEnvironment() ?? throw new ToolException(
            ExitCode.Usage, $"no socket: give --socket PATH or set {Variable}");

    private static string? FromEnvironment()
    {
        string? path = Environment.GetEnvironmentVariable(Variable);
        return string.IsNullOrEmpty(path) ? null : path;
    }
}
