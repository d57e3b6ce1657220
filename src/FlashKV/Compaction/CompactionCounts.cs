namespace FlashKV.Compaction;

/// <summary>What compactions have done.</summary>
/// <param name="Segments">The segments whose live records were moved away.</param>
/// <param name="MovedBytes">The bytes of the records that were moved.</param>
internal readonly record struct CompactionCounts(long Segments, long MovedBytes);
