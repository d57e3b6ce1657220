namespace FlashKV.Cli.Import;

/// <summary>What of a CSV row becomes the value.</summary>
internal enum CsvValue
{
    /// <summary>The whole row as a JSON object of strings, named by the header.</summary>
    JsonObject,

    /// <summary>The row's bytes as they stand in the input.</summary>
    RawRow,

    /// <summary>One column.</summary>
    Column,
}
