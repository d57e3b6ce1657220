namespace FlashKV.Cli;

/// <summary>The formats that the tool reads and writes, and the tables that it writes.</summary>
internal enum RecordFormat
{
    /// <summary>A JSON object a line.</summary>
    JsonLines,

    /// <summary>Comma-separated values.</summary>
    Csv,

    /// <summary>A key, or a key and a value, a line.</summary>
    Lines,

    /// <summary>A table, in columns that are compressed.</summary>
    Parquet,

    /// <summary>A table in Arrow's file format, as it is in memory.</summary>
    Arrow,
}
