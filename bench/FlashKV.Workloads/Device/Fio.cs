using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using FlashKV.Workloads.Harness;

namespace FlashKV.Workloads.Device;

/// <summary>
/// The yardstick: the program <c>fio</c>, one thread with io_uring and direct I/O on the same file.
/// </summary>
internal sealed class Fio
{
    private readonly string _path;

    private Fio(string path, string version)
    {
        _path = path;
        Version = version;
    }

    /// <summary>What it says of itself.</summary>
    public string Version { get; }

    /// <summary>The options that all runs have in common.</summary>
    public static string Options => "--ioengine=io_uring --direct=1 --registerfiles=1";

    /// <summary>Finds the program.</summary>
    /// <returns><see langword="null"/> when it is not on the path.</returns>
    public static Fio? Find(string path)
    {
        try
        {
            return new Fio(path, Execute("--version").Trim());
        }
        catch (Win32Exception)
        {
            return null;
        }
    }

    /// <summary>4 KiB random reads for a time.</summary>
    public Sample ReadRandom(long bytes, int depth, double seconds) =>
        Run(
            "read",
            $"--rw=randread --bs=4k --norandommap --randrepeat=0 --iodepth={depth}",
            bytes,
            seconds,
            4096);

    /// <summary>Sequential writes for a time.</summary>
    /// <returns>The operations are blocks of 4 KiB.</returns>
    public Sample WriteSequential(long bytes, int bytesEach, int depth, double seconds) =>
        Run("write", $"--rw=write --bs={bytesEach} --iodepth={depth}", bytes, seconds, bytesEach);

    private Sample Run(
        string direction, string options, long bytes, double seconds, int bytesEach)
    {
        string arguments = string.Create(
            CultureInfo.InvariantCulture,
            $"--name=device --filename={_path} --size={bytes} {Options} {options} --time_based "
            + $"--runtime={(long)(seconds * 1_000)}ms --gtod_reduce=1 --thread=1 "
            + $"--output-format=json");
        using JsonDocument report = JsonDocument.Parse(Execute(arguments));
        JsonElement job = report.RootElement.GetProperty("jobs")[0];
        JsonElement done = job.GetProperty(direction);
        double elapsed = done.GetProperty("runtime").GetDouble() / 1_000;
        double processor =
            (job.GetProperty("usr_cpu").GetDouble() + job.GetProperty("sys_cpu").GetDouble()) / 100;
        long operations = done.GetProperty("total_ios").GetInt64();
        return new Sample(
            operations * (bytesEach / 4096), elapsed, processor * elapsed, AllocatedBytes: 0);
    }

    private static string Execute(string arguments)
    {
        ProcessStartInfo start = new("fio", arguments) { RedirectStandardOutput = true };
        using Process process = Process.Start(start)!;
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0
            ? output
            : throw new InvalidOperationException($"fio {arguments}: {output}");
    }
}
