namespace FlashKV.Backup;

/// <summary>A shard in a backup.</summary>
/// <param name="Sequence">The last sequence number that belongs to it.</param>
/// <param name="Segments">Its segments, in the order of their slots.</param>
internal sealed record BackupShard(ulong Sequence, BackupSegment[] Segments);
