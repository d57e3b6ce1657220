namespace FlashKV.Cli.Import;

/// <summary>What <see cref="RecordReader.Read"/> found.</summary>
internal enum ReadResult
{
    /// <summary>A record: <see cref="RecordReader.Key"/> and the value are set.</summary>
    Record,

    /// <summary>
    /// Something that is no record: <see cref="RecordReader.Problem"/> says what.
    /// </summary>
    Bad,

    /// <summary>The input has no more records.</summary>
    End,
}
