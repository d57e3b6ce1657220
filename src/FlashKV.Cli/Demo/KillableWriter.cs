using System.Diagnostics;
using System.Globalization;

namespace FlashKV.Cli.Demo;

/// <summary>
/// A process that imports numbered records and acknowledges them, until it is killed in the middle
/// of that.
/// </summary>
internal sealed class KillableWriter : IDisposable
{
    private readonly Process _process;
    private readonly NumberedRecords _records;
    private readonly Task<long> _feeding;

    /// <summary>
    /// Takes <paramref name="process"/>, an <c>import - --acks</c> with both pipes open, and sends
    /// it the writes from number <paramref name="first"/> on.
    /// </summary>
    public KillableWriter(Process process, NumberedRecords records, long first)
    {
        _process = process;
        _records = records;
        _feeding = Task.Factory.StartNew(
            () => Feed(first),
            CancellationToken.None,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default);
    }

    /// <summary>Writes that the process has acknowledged, as far as it was read.</summary>
    public long Acknowledged { get; private set; }

    /// <summary>What to import by: a line is a key, a tab and a value.</summary>
    public static IReadOnlyList<string> Arguments(string directory, int acknowledgeEvery) =>
    [
        "import", directory, "-", "--format", "lines", "--delimiter", "\\t", "--quiet",
        $"--acks={acknowledgeEvery}",
    ];

    /// <summary>
    /// Waits for so many acknowledgements more; false if the process ends before.
    /// </summary>
    public bool ReadAcknowledgements(int count)
    {
        for (int index = 0; index < count; index++)
        {
            if (!ReadAcknowledgement())
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>
    /// Kills the process (SIGKILL), reads what it had said before, and answers the number after
    /// the last write that it may have got.
    /// </summary>
    public long Kill()
    {
        _process.Kill();
        return ReadToEnd();
    }

    /// <summary>
    /// Waits for the end of the process, which another signal brings about, and answers the same.
    /// </summary>
    public long ReadToEnd()
    {
        while (ReadAcknowledgement())
        {
        }

        _process.WaitForExit();
        return _feeding.GetAwaiter().GetResult();
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            Kill();
        }

        _process.Dispose();
    }

    // A line so short goes through a pipe whole or not at all.
    private bool ReadAcknowledgement()
    {
        string? line = _process.StandardOutput.ReadLine();
        if (line is null)
        {
            return false;
        }

        Acknowledged = long.Parse(line.AsSpan("acked ".Length), CultureInfo.InvariantCulture);
        return true;
    }

    private long Feed(long first)
    {
        Stream input = _process.StandardInput.BaseStream;
        long number = first;
        try
        {
            while (true)
            {
                // Counted before it is sent: a part of it may have arrived.
                byte[] line = _records.Line(number++);
                input.Write(line);
            }
        }
        catch (IOException)
        {
            // The process is gone, which is the only end there is.
            return number;
        }
    }
}
