using System.ComponentModel;
using System.Diagnostics;

namespace FlashKV.SimBackend.Sharing;

/// <summary>A C compiler of the machine.</summary>
internal sealed class NativeCompiler
{
    private static readonly string[] s_names = ["cc", "gcc", "clang"];

    private readonly string[] _words;

    private NativeCompiler(string[] words, string version)
    {
        _words = words;
        Version = version;
    }

    /// <summary>The command that starts it, with its own arguments.</summary>
    internal string Command => string.Join(' ', _words);

    /// <summary>What it says about itself.</summary>
    internal string Version { get; }

    /// <summary>Finds a compiler.</summary>
    /// <param name="wanted">
    /// A command, with arguments if it needs some (<c>gcc -m64</c>), or the path of a program; null
    /// takes what the variable CC says, and else the usual ones.
    /// </param>
    /// <exception cref="PreloadLibraryException">There is none.</exception>
    internal static NativeCompiler Find(string? wanted)
    {
        if (string.IsNullOrWhiteSpace(wanted))
        {
            wanted = Environment.GetEnvironmentVariable("CC");
        }

        List<string> reasons = [];
        foreach (string candidate in string.IsNullOrWhiteSpace(wanted) ? s_names : [wanted])
        {
            string[] words = Words(candidate);
            int? status = TryRun(words, ["--version"], null, out string version);
            if (status == 0)
            {
                return new NativeCompiler(words, version);
            }

            reasons.Add(status is null
                ? $"'{words[0]}' cannot be started"
                : $"'{candidate} --version' ends with exit code {status}");
        }

        throw new PreloadLibraryException(
            "To run native programs on a simulated adapter, a C compiler is needed: "
            + $"{string.Join(", ", reasons)}. "
            + "Install one, or name it in the environment variable CC.");
    }

    /// <summary>Compiles.</summary>
    /// <exception cref="PreloadLibraryException">The compiler fails.</exception>
    internal void Run(IReadOnlyList<string> arguments, string directory)
    {
        int? status = TryRun(_words, arguments, directory, out string output);
        if (status != 0)
        {
            throw new PreloadLibraryException(
                $"The C compiler '{Command}' failed:{Environment.NewLine}{output}",
                Command,
                output);
        }
    }

    // As make and configure take CC, except that the path of a program may have spaces in it.
    private static string[] Words(string command) => File.Exists(command)
        ? [command]
        : command.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);

    /// <summary>Runs a command; <see langword="null"/> if it cannot be started.</summary>
    private static int? TryRun(
        string[] words,
        IReadOnlyList<string> arguments,
        string? directory,
        out string output)
    {
        output = "";
        ProcessStartInfo start = new(words[0], [.. words.Skip(1), .. arguments])
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
