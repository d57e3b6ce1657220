namespace FlashKV;

/// <summary>How far verification has come.</summary>
/// <param name="SegmentsDone">The segments that were read.</param>
/// <param name="SegmentsTotal">The segments there are.</param>
/// <param name="Records">The records that were checked.</param>
public readonly record struct VerifyProgress(long SegmentsDone, long SegmentsTotal, long Records);
