namespace FlashKV.Log;

/// <summary>How far the records of a segment went at a cut.</summary>
/// <param name="Segment">The segment, which is held.</param>
/// <param name="End">
/// The offset in its slot behind the last record; 0 if it was sealed, so that its footer says it.
/// </param>
internal readonly record struct SegmentExtent(Segment Segment, int End)
{
    public bool IsSealed => End == 0;
}
