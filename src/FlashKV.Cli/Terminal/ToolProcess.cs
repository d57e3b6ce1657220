using System.Diagnostics;

namespace FlashKV.Cli.Demo;

/// <summary>This tool as a process of its own, with its input and output in our hands.</summary>
internal static class ToolProcess
{
    /// <summary>Starts <c>flashkv</c> with these arguments.</summary>
    public static Process Start(params IEnumerable<string> arguments)
    {
        ProcessStartInfo start = new(Environment.ProcessPath!)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };

        // The program is either our own launcher or "dotnet", which wants the assembly named.
        if (Path.GetFileNameWithoutExtension(start.FileName) == "dotnet")
        {
            start.ArgumentList.Add(typeof(ToolProcess).Assembly.Location);
        }

        foreach (string argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        return Process.Start(start)!;
    }
}
