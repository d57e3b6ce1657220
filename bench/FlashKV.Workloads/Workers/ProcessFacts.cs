using System.Globalization;

namespace FlashKV.Workloads.Workers;

/// <summary>What the system says of this process.</summary>
internal static class ProcessFacts
{
    /// <summary>Bytes that it has caused to be sent to the medium; 0 where not known.</summary>
    public static long BytesWritten => Read("/proc/self/io", "write_bytes:");

    /// <summary>The most memory it has had resident, in bytes; 0 where not known.</summary>
    public static long PeakBytes => Read("/proc/self/status", "VmHWM:") << 10;

    private static long Read(string file, string field)
    {
        string? line = File.Exists(file)
            ? File.ReadLines(file)
                .FirstOrDefault(line => line.StartsWith(field, StringComparison.Ordinal))
            : null;
        return line is null
            ? 0
            : long.Parse(
                line[field.Length..].Replace("kB", "", StringComparison.Ordinal).Trim(),
                CultureInfo.InvariantCulture);
    }
}
