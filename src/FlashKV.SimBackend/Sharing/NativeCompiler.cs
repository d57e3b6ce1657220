using System.ComponentModel;
using System.Diagnostics;

namespace FlashKV.SimBackend.Sharing;

/// <summary>A C compiler of the machine.</summary>
internal sealed class NativeCompiler
{
    private static readonly string[] s_names = ["cc", "gcc", "clang"];

    private NativeCompiler(string command, string version)
    {
        Command = command;
        Version = version;
    }

    /// <summary>The command that starts it.</summary>
    internal string Command { get; }

    /// <summary>What it says about itself.</summary>
    internal string Version { get; }

    /// <summary>Finds a compiler.</summary>
    /// <exception cref="PreloadLibraryException">There is none.</exception>
    internal static NativeCompiler Find(string? wanted)
    {
        if (string.IsNullOrEmpty(wanted))
        {
            wanted = Environment.GetEnvironmentVariable("CC");
        }

        string[] candidates = string.IsNullOrEmpty(wanted) ? s_names : [wanted];
        foreach (string candidate in candidates)
        {
            if (TryRun(candidate, ["--version"], null, out string version) == 0)
            {
                return new NativeCompiler(candidate, version);
            }
        }

        throw new PreloadLibraryException(
            $"To run native programs on a simulated adapter, a C compiler is needed; "
            + $"none of these can be started: {string.Join(", ", candidates)}. "
            + "Install one, or name it in the environment variable CC.");
    }

    /// <summary>Compiles.</summary>
    /// <exception cref="PreloadLibraryException">The compiler fails.</exception>
    internal void Run(IReadOnlyList<string> arguments, string directory)
    {
        int? status = TryRun(Command, arguments, directory, out string output);
        if (status != 0)
        {
            throw new PreloadLibraryException(
                $"The C compiler '{Command}' failed:{Environment.NewLine}{output}",
                Command,
                output);
        }
    }

    /// <summary>Runs a command; <see langword="null"/> if it cannot be started.</summary>
    private static int? TryRun(
        string command, IReadOnlyList<string> arguments, string? directory, out string output)
    {
        output = "";
        ProcessStartInfo start = new(command, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = directory ?? "",
        };

        // A compiler is no program for the adapter.
        start.Environment.Remove("LD_PRELOAD");
        try
        {
            using Process process = Process.Start(start)!;
            Task<string> errors = process.StandardError.ReadToEndAsync();
            output = process.StandardOutput.ReadToEnd() + errors.GetAwaiter().GetResult();
            process.WaitForExit();
            return process.ExitCode;
        }
        catch (Win32Exception)
        {
            return null;
        }
    }
}
