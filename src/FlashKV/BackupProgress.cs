namespace FlashKV;

/// <summary>How far a backup, a check or a restoration has come.</summary>
/// <param name="SegmentsDone">The segments that are done.</param>
/// <param name="SegmentsTotal">The segments there are.</param>
/// <param name="BytesCopied">The bytes that had to be copied so far.</param>
public readonly record struct BackupProgress(
    long SegmentsDone, long SegmentsTotal, long BytesCopied);
