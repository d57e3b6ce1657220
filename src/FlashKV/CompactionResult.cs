namespace FlashKV;

/// <summary>What a compaction on request has done.</summary>
/// <param name="Segments">The segments whose live records were moved.</param>
/// <param name="MovedBytes">The bytes of the records that were moved.</param>
/// <param name="LogBytesBefore">The bytes of the segments in use before.</param>
/// <param name="LogBytesAfter">The bytes of the segments in use afterwards.</param>
public readonly record struct CompactionResult(
    long Segments, long MovedBytes, long LogBytesBefore, long LogBytesAfter);
