namespace FlashKV.Cli;

/// <summary>The text formats that the tool reads and writes.</summary>
internal enum RecordFormat
{
    /// <summary>A JSON object a line.</summary>
    JsonLines,

    /// <summary>Comma-separated values.</summary>
    Csv,

    /// <summary>A key, or a key and a value, a line.</summary>
    Lines,
}
