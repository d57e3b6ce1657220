using System.Buffers.Text;
using System.Globalization;
using System.Text;
using FlashKV.Analytics;

namespace FlashKV.Cli.Export;

/// <summary>
/// Reads one field of entries, as text that means a value of a type. Many threads at once.
/// </summary>
internal abstract class TableField(string column)
{
    private const int LongestShown = 40;

    private static readonly string[] s_moments =
    [
        "yyyy-MM-dd",
        "yyyy-MM-dd'T'HH:mm:ss.FFFFFFFK",
        "yyyy-MM-dd HH:mm:ss.FFFFFFFK",
    ];

    /// <summary>The name of the column.</summary>
    protected string Column => column;

    public string? ReadText(StoreEntry entry) =>
        TryRead(entry, out ReadOnlySpan<byte> text) ? Encoding.UTF8.GetString(text) : null;

    public long? ReadInt64(StoreEntry entry) =>
        !TryRead(entry, out ReadOnlySpan<byte> text) ? null
        : Utf8Parser.TryParse(text, out long value, out int used) && used == text.Length ? value
        : throw Misfit(entry, text, "a whole number of 64 bits");

    public double? ReadDouble(StoreEntry entry) =>
        !TryRead(entry, out ReadOnlySpan<byte> text) ? null
        : Utf8Parser.TryParse(text, out double value, out int used) && used == text.Length ? value
        : throw Misfit(entry, text, "a number");

    public bool? ReadBoolean(StoreEntry entry) =>
        !TryRead(entry, out ReadOnlySpan<byte> text) ? null
        : text.SequenceEqual("true"u8) || (text.SequenceEqual("false"u8) ? false
            : throw Misfit(entry, text, "true or false"));

    public DateTime? ReadTimestamp(StoreEntry entry) =>
        !TryRead(entry, out ReadOnlySpan<byte> text) ? null
        : DateTime.TryParseExact(
            Encoding.UTF8.GetString(text),
            s_moments,
            CultureInfo.InvariantCulture,
            DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal,
            out DateTime value) ? value
        : throw Misfit(entry, text, "a moment as 2026-11-26T08:30:00Z");

    /// <summary>Reads the field; false for one that is null or not there.</summary>
    /// <exception cref="TableColumnException">The entry has no such fields.</exception>
    protected abstract bool TryRead(StoreEntry entry, out ReadOnlySpan<byte> text);

    private TableColumnException Misfit(
        StoreEntry entry, ReadOnlySpan<byte> text, string expected)
    {
        string shown = Encoding.UTF8.GetString(text[..Math.Min(text.Length, LongestShown)]);
        return new TableColumnException(
            column,
            entry.Key,
            $"'{shown}{(text.Length > LongestShown ? "..." : "")}' is not {expected}",
            null);
    }
}
