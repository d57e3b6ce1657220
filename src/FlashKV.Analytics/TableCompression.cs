namespace FlashKV.Analytics;

/// <summary>How the columns of a Parquet file are compressed.</summary>
public enum TableCompression
{
    /// <summary>Not at all.</summary>
    None,

    /// <summary>Snappy: fast, and every reader knows it.</summary>
    Snappy,

    /// <summary>Zstandard: smaller.</summary>
    Zstandard,
}
