namespace FlashKV.Clones;

/// <summary>A segment of a cut that is handed to another process.</summary>
/// <param name="Slot">Where it is in the LUN of its shard.</param>
/// <param name="Id">Its id.</param>
/// <param name="End">
/// The offset in the slot behind its last record; 0 if it was sealed, so that its footer says it.
/// </param>
internal readonly record struct CloneSegment(int Slot, long Id, int End)
{
    public bool IsSealed => End == 0;
}
