using System.Diagnostics;

namespace FlashKV.Cli.Terminal;

/// <summary>This tool as a process of its own, with its input and output in our hands.</summary>
internal static class ToolProcess
{
    /// <summary>Starts <c>flashkv</c> with these arguments.</summary>
    public static Process Start(params IEnumerable<string> arguments)
    {
        ProcessStartInfo start = Describe(arguments);
        start.RedirectStandardInput = true;
        start.RedirectStandardOutput = true;
        return Process.Start(start)!;
    }

    /// <summary>How <c>flashkv</c> is started with these arguments.</summary>
    public static ProcessStartInfo Describe(params IEnumerable<string> arguments)
    {
        ProcessStartInfo start = new(Environment.ProcessPath!);

        // The program is either our own launcher or "dotnet", which wants the assembly named.
        if (Path.GetFileNameWithoutExtension(start.FileName) == "dotnet")
        {
            start.ArgumentList.Add(typeof(ToolProcess).Assembly.Location);
        }

        foreach (string argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        return start;
    }
}
