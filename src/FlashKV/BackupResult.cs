namespace FlashKV;

/// <summary>What a backup has written.</summary>
/// <param name="Number">The number of the backup in its directory, from 1 on.</param>
/// <param name="Segments">The segments that it consists of.</param>
/// <param name="Bytes">Their bytes.</param>
/// <param name="SegmentsCopied">The segments that the directory did not have yet.</param>
/// <param name="BytesCopied">Their bytes.</param>
public readonly record struct BackupResult(
    int Number, long Segments, long Bytes, long SegmentsCopied, long BytesCopied);
