using System.Globalization;

namespace FlashKV.Clones;

/// <summary>The user of this process, and whom it lets read.</summary>
internal static class ProcessUser
{
    private const uint Root = 0;
    private static readonly uint s_effective = ReadEffective();

    /// <summary>Whether a process of a user may read the stores of this one.</summary>
    public static bool IsTrusted(uint user) => user == Root || user == s_effective;

    // The second of the numbers behind "Uid:": real, effective, saved, file system.
    private static uint ReadEffective()
    {
        const string Label = "Uid:";
        foreach (string line in File.ReadLines("/proc/self/status"))
        {
            if (line.StartsWith(Label, StringComparison.Ordinal))
            {
                string[] numbers = line[Label.Length..].Split(
                    (char[]?)null, StringSplitOptions.RemoveEmptyEntries);
                return uint.Parse(numbers[1], CultureInfo.InvariantCulture);
            }
        }

        throw new PlatformNotSupportedException("/proc/self/status names no user.");
    }
}
