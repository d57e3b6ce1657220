using FlashKV.Log;

namespace FlashKV.Backup;

/// <summary>A segment in a backup.</summary>
/// <param name="Id">The id of the segment, which no other life of its slot has.</param>
/// <param name="Slot">Its slot in the LUN of its shard.</param>
/// <param name="End">
/// The offset in the slot behind its last record at the moment of the backup; 0 if it was sealed.
/// </param>
/// <param name="Bytes">The length of its file.</param>
/// <param name="Hash">The XXH128 hash of its file.</param>
/// <param name="Mark">
/// What tells a sealed segment from one of the same name in another life of the store; 0 if it was
/// not sealed.
/// </param>
internal readonly record struct BackupSegment(
    long Id, int Slot, int End, int Bytes, UInt128 Hash, ulong Mark)
{
    public const int SizeInBytes = 48;

    public bool IsSealed => End == 0;

    /// <summary>The blocks of a segment that a backup has, from its header block on.</summary>
    public static (int FirstBlock, int Blocks) BlocksOf(LogGeometry geometry, int slot, int end)
    {
        int first = geometry.HeaderOffsetOf(slot) / LogGeometry.BlockBytes;
        int last = end == 0
            ? geometry.SegmentBlocks
            : (end + LogGeometry.BlockBytes - 1) / LogGeometry.BlockBytes;
        return (first, last - first);
    }
}
