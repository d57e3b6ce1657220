using System.Globalization;

namespace FlashKV.Cli.Commands;

/// <summary>Short times: <c>80us</c>, <c>2ms</c>, <c>1s</c>, or a number of microseconds.</summary>
internal static class AdapterDuration
{
    private const long MaxMicroseconds = 10_000_000;

    /// <summary>Reads one; at most 10 seconds.</summary>
    public static bool TryParse(string text, out TimeSpan duration)
    {
        int digits = text.AsSpan().IndexOfAnyExceptInRange('0', '9');
        digits = digits < 0 ? text.Length : digits;
        long factor = text[digits..].Trim() switch
        {
            "" or "us" => 1,
            "ms" => 1_000,
            "s" => 1_000_000,
            _ => 0,
        };
        bool isGood = long.TryParse(
            text.AsSpan(0, digits),
            NumberStyles.None,
            CultureInfo.InvariantCulture,
            out long number)
            && factor != 0 && number <= MaxMicroseconds / factor;
        duration = isGood ? TimeSpan.FromMicroseconds(number * factor) : default;
        return isGood;
    }
}
