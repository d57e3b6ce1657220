using System.Diagnostics;

namespace FlashKV.SimBackend.Tests.Native;

/// <summary>A program that runs to its end.</summary>
internal sealed record ProgramRun(int ExitCode, string Output, string Errors)
{
    // Only so that a program that hangs fails its test instead of holding up all others.
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(3);

    /// <summary>Runs a program; what it says "ready" to is done, and answered by "go".</summary>
    internal static ProgramRun Of(ProcessStartInfo start, Action? onReady = null)
    {
        using Process process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        Task<string> output = Task.Run(() => Converse(process, onReady));
        bool hasEnded = process.WaitForExit(s_patience);
        if (!hasEnded)
        {
            process.Kill(entireProcessTree: true);
        }

        ProgramRun run = new(
            hasEnded ? process.ExitCode : -1,
            output.GetAwaiter().GetResult(),
            errors.GetAwaiter().GetResult());
        return hasEnded ? run : run with { Errors = run.Errors + "(did not end)" };
    }

    /// <summary>Fails the test unless the program ended well and said so last.</summary>
    internal void AssertEndedWith(string lastLine)
    {
        Assert.True(ExitCode == 0, $"Exit code {ExitCode}.\n{Output}\n{Errors}");
        Assert.Equal(lastLine, Output.TrimEnd().Split('\n')[^1]);
    }

    private static string Converse(Process process, Action? onReady)
    {
        string output = "";
        while (process.StandardOutput.ReadLine() is { } line)
        {
            output += line + "\n";
            if (line == "ready" && onReady is not null)
            {
                onReady();
                process.StandardInput.WriteLine("go");
                process.StandardInput.Flush();
            }
        }

        return output;
    }
}
