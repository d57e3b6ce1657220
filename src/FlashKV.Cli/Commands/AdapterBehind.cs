using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using FlashKV.Cli.Terminal;

namespace FlashKV.Cli.Commands;

/// <summary>
/// A server in a process of its own that lives as long as this process, whatever becomes of it.
/// </summary>
/// <remarks>
/// A shell starts it and goes away, so that it is no child of this process: a program that takes
/// this one's place and waits for all its children must not wait for the server. Its socket is a
/// name and no file, so that nothing is left if it is killed.
/// </remarks>
internal static class AdapterBehind
{
    // The server's own words, and then its exit code if it fails.
    private const string Script = """{ "$@" || echo "$?"; } 2>&1 &""";

    /// <summary>Starts it and waits until clients can connect.</summary>
    /// <returns>Its socket.</returns>
    /// <exception cref="ToolException">It cannot be started.</exception>
    public static string Start(IEnumerable<string> machine)
    {
        string unique = RandomNumberGenerator.GetHexString(16, lowercase: true);
        string socket = $"@flashkv-{System.Environment.ProcessId}-{unique}";
        ProcessStartInfo server = ToolProcess.Describe(
            AdapterServeCommand.ArgumentsFor(System.Environment.ProcessId, socket, machine));
        ProcessStartInfo start = new(
            "/bin/sh", ["-c", Script, "sh", server.FileName, .. server.ArgumentList])
        {
            RedirectStandardOutput = true,
        };
        using Process shell = Process.Start(start)!;
        string? said = shell.StandardOutput.ReadLine();
        if (said?.StartsWith(AdapterServeCommand.Ready, StringComparison.Ordinal) != true)
        {
            throw Refusal($"{said}\n{shell.StandardOutput.ReadToEnd()}");
        }

        shell.WaitForExit();
        return socket;
    }

    private static ToolException Refusal(string said)
    {
        string[] lines = said.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        bool hasCode = int.TryParse(
            lines.LastOrDefault(), NumberStyles.None, CultureInfo.InvariantCulture, out int code);
        string words = string.Join(' ', lines.SkipLast(hasCode ? 1 : 0));
        const string Prefix = ToolEnvironment.MessagePrefix;
        return new ToolException(
            hasCode ? code : ExitCode.Software,
            words.StartsWith(Prefix, StringComparison.Ordinal) ? words[Prefix.Length..]
                : $"the server of the adapters has failed: {words}");
    }
}
