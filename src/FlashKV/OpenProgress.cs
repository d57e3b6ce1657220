namespace FlashKV;

/// <summary>How far opening a store has come.</summary>
/// <param name="SegmentsDone">The segments whose records are known.</param>
/// <param name="SegmentsTotal">
/// The segments there are; it grows at the beginning, while shards are looked through.
/// </param>
/// <param name="Records">The records in them, old versions among them.</param>
public readonly record struct OpenProgress(long SegmentsDone, long SegmentsTotal, long Records);
