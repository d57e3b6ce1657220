using System.Globalization;

namespace FlashKV.Cli.Text;

/// <summary>Sizes, rates and times as people write and read them.</summary>
internal static class Quantity
{
    private static readonly (string Suffix, long Factor)[] s_suffixes =
    [
        ("", 1),
        ("B", 1),
        ("K", 1L << 10), ("KiB", 1L << 10), ("KB", 1_000),
        ("M", 1L << 20), ("MiB", 1L << 20), ("MB", 1_000_000),
        ("G", 1L << 30), ("GiB", 1L << 30), ("GB", 1_000_000_000),
        ("T", 1L << 40), ("TiB", 1L << 40), ("TB", 1_000_000_000_000),
    ];

    /// <summary>
    /// Reads a number of bytes: digits and, in either case, K, M, G or T (or KiB ...: powers of
    /// 1,024) or KB, MB, GB or TB (powers of 1,000). False if it is none, or too large.
    /// </summary>
    public static bool TryParseBytes(string text, out long bytes)
    {
        int digits = text.AsSpan().IndexOfAnyExceptInRange('0', '9');
        digits = digits < 0 ? text.Length : digits;
        string suffix = text[digits..].Trim();
        bytes = 0;
        if (!long.TryParse(
            text.AsSpan(0, digits),
            NumberStyles.None,
            CultureInfo.InvariantCulture,
            out long number))
        {
            return false;
        }

        foreach ((string name, long factor) in s_suffixes)
        {
            if (string.Equals(name, suffix, StringComparison.OrdinalIgnoreCase))
            {
                bytes = number <= long.MaxValue / factor ? number * factor : 0;
                return number <= long.MaxValue / factor;
            }
        }

        return false;
    }

    /// <summary>A number of bytes in units of a thousand: <c>1.9 MB</c>.</summary>
    public static string Bytes(double bytes)
    {
        ReadOnlySpan<string> units = ["B", "kB", "MB", "GB", "TB"];
        int unit = 0;
        while (bytes >= 1_000 && unit < units.Length - 1)
        {
            bytes /= 1_000;
            unit++;
        }

        string format = unit == 0 || bytes >= 100 ? "0" : "0.0";
        return $"{bytes.ToString(format, CultureInfo.InvariantCulture)} {units[unit]}";
    }

    /// <summary>
    /// A number of something with its noun: <c>1 record</c>, <c>34,924 records</c>.
    /// </summary>
    public static string Count(long count, string noun) =>
        count == 1 ? $"1 {noun}" : $"{count:N0} {noun}s";

    /// <summary>How many of something in a second, whole: <c>120,000</c>.</summary>
    public static string PerSecond(long count, TimeSpan elapsed) =>
        (count / Math.Max(elapsed.TotalSeconds, 1e-6)).ToString("N0", CultureInfo.InvariantCulture);

    /// <summary>Minutes and seconds (and hours if there are any): <c>1:07</c>.</summary>
    public static string Clock(TimeSpan time) => time.TotalHours >= 1
        ? $"{(long)time.TotalHours}:{time.Minutes:00}:{time.Seconds:00}"
        : $"{time.Minutes}:{time.Seconds:00}";

    /// <summary>A measured time at a sensible precision: <c>0.42 s</c>, <c>13 s</c>.</summary>
    public static string Seconds(TimeSpan time)
    {
        string format = time.TotalSeconds < 10 ? "0.00" : "0";
        return $"{time.TotalSeconds.ToString(format, CultureInfo.InvariantCulture)} s";
    }
}
