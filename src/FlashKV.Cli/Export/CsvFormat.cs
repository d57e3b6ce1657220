namespace FlashKV.Cli.Export;

/// <summary>
/// The CSV that <c>export</c> writes: a header, then the columns key, value and encoding. The
/// encoding is empty where key and value are text, and <c>base64</c> where both are in base 64.
/// </summary>
internal static class CsvFormat
{
    /// <summary>The names of the columns.</summary>
    public static ReadOnlySpan<string> Columns => s_columns;

    /// <summary>What the third column holds where the other two are in base 64.</summary>
    public static ReadOnlySpan<byte> Base64Encoding => "base64"u8;

    private static readonly string[] s_columns = ["key", "value", "encoding"];
}
