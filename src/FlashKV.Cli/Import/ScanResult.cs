namespace FlashKV.Cli.Import;

/// <summary>What <see cref="RecordScanner.Next"/> found.</summary>
internal enum ScanResult
{
    /// <summary>A whole record.</summary>
    Record,

    /// <summary>A record longer than the limit; it was read past and not kept.</summary>
    TooLong,

    /// <summary>The input ended within a quoted field; its first line was read past.</summary>
    Unclosed,

    /// <summary>The input has no more records.</summary>
    End,
}
