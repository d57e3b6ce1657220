namespace FlashKV.Recovery;

/// <summary>Where the records of an unsealed segment end.</summary>
/// <param name="Offset">The offset in the slot behind the last one.</param>
/// <param name="RecordCount">Their number, dead ones included.</param>
/// <param name="IsClosed">Whether nothing was to be appended any more.</param>
internal readonly record struct SegmentEnd(int Offset, int RecordCount, bool IsClosed);
