using System.Globalization;
using System.Runtime.InteropServices;

namespace FlashKV.Workloads.Harness;

/// <summary>What a run was made on.</summary>
/// <param name="Processor">The processor's model.</param>
/// <param name="Cores">The logical processors that this process may use.</param>
/// <param name="MemoryBytes">The memory.</param>
/// <param name="System">The operating system and its kernel.</param>
/// <param name="Runtime">The .NET runtime.</param>
/// <param name="LoadAverage">
/// Runnable threads in the last minute, before the run: much above 0 means that others share the
/// machine. -1 where it is not known.
/// </param>
internal sealed record class MachineDescription(
    string Processor,
    int Cores,
    long MemoryBytes,
    string System,
    string Runtime,
    double LoadAverage)
{
    public static MachineDescription Read() => new(
        ReadProcessor(),
        Environment.ProcessorCount,
        GC.GetGCMemoryInfo().TotalAvailableMemoryBytes,
        ReadSystem(),
        RuntimeInformation.FrameworkDescription,
        ReadLoad());

    /// <summary>The kind of file system that holds a path, as its mount point names it.</summary>
    public static string FileSystemOf(string path)
    {
        string full = Path.GetFullPath(path);
        DriveInfo? drive = DriveInfo.GetDrives()
            .Where(drive => full.StartsWith(drive.Name, StringComparison.Ordinal))
            .MaxBy(drive => drive.Name.Length);
        return drive?.DriveFormat ?? "unknown";
    }

    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"{Processor}, {Cores} cores, {MemoryBytes >> 20:N0} MiB; {System}; {Runtime}; "
        + $"load {LoadAverage:N2} before");

    private static string ReadProcessor()
    {
        const string Field = "model name";
        string? line = File.Exists("/proc/cpuinfo")
            ? File.ReadLines("/proc/cpuinfo")
                .FirstOrDefault(line => line.StartsWith(Field, StringComparison.Ordinal))
            : null;
        return line is null
            ? RuntimeInformation.ProcessArchitecture.ToString()
            : line[(line.IndexOf(':', StringComparison.Ordinal) + 1)..].Trim();
    }

    private static string ReadSystem()
    {
        const string Release = "/proc/sys/kernel/osrelease";
        return File.Exists(Release)
            ? $"{RuntimeInformation.OSDescription}, Linux {File.ReadAllText(Release).Trim()}"
            : RuntimeInformation.OSDescription;
    }

    private static double ReadLoad() => File.Exists("/proc/loadavg")
        ? double.Parse(
            File.ReadAllText("/proc/loadavg").Split(' ')[0], CultureInfo.InvariantCulture)
        : -1;
}
