namespace FlashKV;

/// <summary>How far salvaging has come. Each segment is read twice: to judge, and to copy.</summary>
/// <param name="SegmentsDone">The readings that are done.</param>
/// <param name="SegmentsTotal">The readings there are.</param>
/// <param name="Records">The records that were found whole so far.</param>
public readonly record struct SalvageProgress(
    long SegmentsDone, long SegmentsTotal, long Records);
