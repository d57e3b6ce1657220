using FlashKV.Log;

namespace FlashKV.Recovery;

/// <summary>Where a sealed segment has a commit record.</summary>
/// <param name="BatchId">The batch that it commits.</param>
/// <param name="Segment">The segment.</param>
/// <param name="Offset">The offset of the record in its slot.</param>
/// <param name="Size">Its size in bytes.</param>
internal readonly record struct SealedCommit(ulong BatchId, Segment Segment, int Offset, int Size);
