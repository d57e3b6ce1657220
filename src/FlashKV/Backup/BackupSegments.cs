using FlashKV.Log;

namespace FlashKV.Backup;

/// <summary>Reads the segments of a backup, and believes none before it is checked.</summary>
internal sealed class BackupSegments(BackupDirectory directory, BackupManifest manifest)
{
    private readonly LogGeometry _geometry = new(manifest.SegmentBytes);

    /// <summary>Reads a segment; says what is wrong with it, or null.</summary>
    public string? Read(int shard, in BackupSegment segment, Span<byte> image) =>
        directory.ReadSegment(shard, segment, image, out UInt128 hash)
        ?? (hash == segment.Hash ? null : "its hash is wrong: it is damaged")
        ?? SegmentImage.FindProblem(image, manifest.Store, shard, segment, _geometry);
}
