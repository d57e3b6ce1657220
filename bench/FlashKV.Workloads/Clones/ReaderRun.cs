using System.Diagnostics;
using System.Globalization;

namespace FlashKV.Workloads.Clones;

/// <summary>A <see cref="ReaderProgram"/> that was started.</summary>
internal sealed class ReaderRun(Process process) : IDisposable
{
    /// <summary>How one is started.</summary>
    public static ProcessStartInfo StartInfo(params string[] arguments)
    {
        string self = typeof(ReaderRun).Assembly.Location;
        string host = Environment.ProcessPath!;
        bool isHosted = Path.GetFileNameWithoutExtension(host) == "dotnet";
        return new ProcessStartInfo(
            host, [.. isHosted ? [self] : (string[])[], ReaderProgram.Verb, .. arguments])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        };
    }

    /// <summary>Waits for its first record or block.</summary>
    public void WaitForFirst() => ReadLine();

    /// <summary>The bytes and seconds of its first round.</summary>
    public (double Bytes, double Seconds) WaitForRound() => Parse(ReadLine());

    /// <summary>Makes it go on until <see cref="Stop"/>.</summary>
    public void GoOn() => Tell();

    /// <summary>The bytes and seconds since <see cref="GoOn"/>.</summary>
    public (double Bytes, double Seconds) Stop()
    {
        Tell();
        return Parse(ReadLine());
    }

    public void Dispose()
    {
        process.StandardInput.Close();
        process.WaitForExit();
        process.Dispose();
    }

    private void Tell()
    {
        process.StandardInput.WriteLine();
        process.StandardInput.Flush();
    }

    private string ReadLine() => process.StandardOutput.ReadLine()
        ?? throw new InvalidOperationException("The reader has ended without a word.");

    private static (double, double) Parse(string line)
    {
        string[] words = line.Split(' ');
        return (double.Parse(words[0], CultureInfo.InvariantCulture),
            double.Parse(words[1], CultureInfo.InvariantCulture));
    }
}
