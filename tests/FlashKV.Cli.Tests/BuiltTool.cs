using System.Diagnostics;
using System.Text;

namespace FlashKV.Cli.Tests;

/// <summary>The tool as it was built, run as a process of its own.</summary>
internal static class BuiltTool
{
    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(2);

    /// <summary>Runs a command line to its end with an empty standard input.</summary>
    public static ToolResult Run(params IEnumerable<string> arguments) => Run([], arguments);

    /// <summary>Runs a command line to its end with a standard input of these bytes.</summary>
    public static ToolResult Run(byte[] input, params IEnumerable<string> arguments)
    {
        using Process process = Start(arguments);
        Task feeding = Task.Run(() => Feed(process, input));
        Task<byte[]> output = Task.Run(() => ReadAll(process.StandardOutput.BaseStream));
        string errors = process.StandardError.ReadToEnd();
        WaitForExit(process);
        Assert.True(Task.WaitAll([feeding, output], s_limit));
        return new(process.ExitCode, output.Result, errors);
    }

    /// <summary>Starts a process with its three streams in the hands of the test.</summary>
    public static Process Start(params IEnumerable<string> arguments) =>
        Start(environment: [], arguments);

    /// <summary>The same with variables of the environment (<c>NAME=value</c>).</summary>
    public static Process Start(string[] environment, IEnumerable<string> arguments)
    {
        ProcessStartInfo start = new(Path.Combine(AppContext.BaseDirectory, "FlashKV.Cli"))
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardErrorEncoding = Encoding.UTF8,
        };
        foreach (string argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        foreach (string variable in environment)
        {
            string[] parts = variable.Split('=', 2);
            start.Environment[parts[0]] = parts[1];
        }

        return Process.Start(start)!;
    }

    /// <summary>Waits for the end of a process; one that does not end is killed.</summary>
    public static void WaitForExit(Process process)
    {
        if (!process.WaitForExit(s_limit))
        {
            process.Kill();
            Assert.Fail("the tool did not end");
        }
    }

    private static void Feed(Process process, byte[] input)
    {
        try
        {
            process.StandardInput.BaseStream.Write(input);
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // A tool that refuses its command line does not read its input.
        }
    }

    private static byte[] ReadAll(Stream stream)
    {
        using MemoryStream bytes = new();
        stream.CopyTo(bytes);
        return bytes.ToArray();
    }
}
