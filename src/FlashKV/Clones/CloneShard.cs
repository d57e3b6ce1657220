namespace FlashKV.Clones;

/// <summary>A shard of a cut that is handed to another process.</summary>
/// <param name="Sequence">The last sequence number that belongs to the cut.</param>
/// <param name="Segments">The segments that are held, in the order of their slots.</param>
internal sealed record CloneShard(ulong Sequence, CloneSegment[] Segments);
