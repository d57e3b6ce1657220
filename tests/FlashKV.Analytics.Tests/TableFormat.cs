namespace FlashKV.Analytics.Tests;

/// <summary>The formats that all tests go through.</summary>
public enum TableFormat
{
    /// <summary>Apache Parquet.</summary>
    Parquet,

    /// <summary>Apache Arrow, IPC file format.</summary>
    Arrow,
}
