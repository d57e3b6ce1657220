using System.Numerics;
using FlashKV.Log;

namespace FlashKV.Salvage;

/// <summary>
/// Finds out what a device holds, with or without its superblock: whose store it is, how large its
/// segments are, and which chunk belongs to which shard.
/// </summary>
internal sealed class SourceSurvey
{
    private const int ProbeBlocks = FlashStoreOptions.MinSegmentBytes / LogGeometry.BlockBytes;
    private const int ProbesPerChunk = LogGeometry.ChunkBlocks / ProbeBlocks;

    private readonly IBlockSource _blocks;
    private readonly string _directory;
    private readonly List<Placement> _chunks = [];
    private readonly byte[] _block = new byte[LogGeometry.BlockBytes];

    private SourceSurvey(IBlockSource blocks, string directory)
    {
        _blocks = blocks;
        _directory = directory;
    }

    /// <summary>The superblock; null if neither copy is valid.</summary>
    public Superblock? Superblock { get; private set; }

    public StoreId Store { get; private set; }

    public int SegmentBytes { get; private set; }

    /// <summary>The shards that there can be.</summary>
    public int ShardCount => Superblock?.ShardCount ?? FlashStoreOptions.MaxShards;

    /// <summary>The chunks of the shards.</summary>
    public IReadOnlyList<Placement> Chunks => _chunks;

    /// <summary>What is damaged of superblock and chunk headers.</summary>
    public List<SalvageLoss> Losses { get; } = [];

    /// <summary>Looks at a device.</summary>
    /// <exception cref="CorruptStoreException">Nothing on it is of a store.</exception>
    /// <exception cref="StoreVersionException">The store is of another version.</exception>
    public static SourceSurvey Of(IBlockSource blocks, string directory)
    {
        var survey = new SourceSurvey(blocks, directory);
        survey.ReadSuperblock();
        if (survey.Superblock is { } superblock)
        {
            survey.Store = superblock.Store;
            survey.SegmentBytes = superblock.SegmentBytes;
            survey.PlaceByGrants(superblock);
        }
        else
        {
            survey.PlaceByHeaders();
            survey.SegmentBytes = survey.FindSegmentBytes();
        }

        return survey;
    }

    private void ReadSuperblock()
    {
        byte[] copy = new byte[Superblock.CopyBytes];
        for (int i = 0; i < SuperblockCopies.Count; i++)
        {
            bool isRead = _blocks.TryRead(Superblock.BlockOf(i), copy);
            Superblock? found = null;
            SuperblockStatus status = isRead
                ? Superblock.TryRead(copy, out found)
                : SuperblockStatus.Damaged;
            if (status == SuperblockStatus.OtherVersion)
            {
                throw new StoreVersionException(
                    _directory, Superblock.VersionOf(copy), FormatVersion.Current);
            }

            if (found is null)
            {
                Losses.Add(new SalvageLoss
                {
                    Lba = Superblock.BlockOf(i),
                    Field = $"copy {i} of the superblock",
                    Expected = "valid",
                    Found = !isRead ? "unreadable"
                        : status == SuperblockStatus.Blank ? "zeros" : "damaged",
                });
            }
            else if (Superblock is null || found.Generation > Superblock.Generation)
            {
                Superblock = found;
            }
        }
    }

    // A driver grants chunks in a fixed order, behind the chunk of the superblock.
    private void PlaceByGrants(Superblock superblock)
    {
        int[] ordinals = new int[superblock.ShardCount];
        for (int i = 0; i < superblock.Grants.Length; i++)
        {
            int shard = superblock.Grants[i];
            var placement = new Placement(shard, ordinals[shard]++, i + 1);
            _chunks.Add(CheckHeader(placement));
        }
    }

    private Placement CheckHeader(Placement placement)
    {
        var expected = new ChunkHeader(Store, placement.Shard, placement.Ordinal);
        bool isRead = _blocks.TryRead(placement.FirstBlock, _block);
        ChunkHeader found = default;
        bool isHeader = isRead && ChunkHeader.TryRead(_block, out found);
        if (isHeader && found == expected)
        {
            return placement;
        }

        Losses.Add(new SalvageLoss
        {
            Shard = placement.Shard,
            Lba = (long)placement.Ordinal * LogGeometry.ChunkBlocks,
            Field = "chunk header",
            Expected = $"that of chunk {placement.Ordinal} of the shard",
            Found = !isRead ? "unreadable" : isHeader ? $"{found}" : BlockNature.Of(_block),
        });
        return isHeader && found.Store == Store && found.Shard < ShardCount && found.Ordinal >= 0
            ? placement with { Shard = found.Shard, Ordinal = found.Ordinal }
            : placement;
    }

    private void PlaceByHeaders()
    {
        var found = new List<(StoreId Store, Placement Placement)>();
        for (long chunk = 1; chunk * LogGeometry.ChunkBlocks < _blocks.BlockCount; chunk++)
        {
            if (_blocks.TryRead(chunk * LogGeometry.ChunkBlocks, _block)
                && ChunkHeader.TryRead(_block, out ChunkHeader header)
                && header.Shard is >= 0 and < FlashStoreOptions.MaxShards && header.Ordinal >= 0)
            {
                found.Add((header.Store, new Placement(header.Shard, header.Ordinal, chunk)));
            }
        }

        if (found.Count == 0)
        {
            throw new CorruptStoreException(
                -1, Superblock.BlockOf(0), "superblock", "one valid copy of two",
                "none, and no chunk has a header");
        }

        Store = found.CountBy(static chunk => chunk.Store).MaxBy(static count => count.Value).Key;
        _chunks.AddRange(found.Where(chunk => chunk.Store == Store)
            .Select(static chunk => chunk.Placement));
    }

    // Each header names the slot that it is in, so any but the first of a shard tells.
    private int FindSegmentBytes()
    {
        foreach (Placement chunk in _chunks)
        {
            for (int probe = 1; probe < ProbesPerChunk; probe++)
            {
                long block = (long)probe * ProbeBlocks;
                if (_blocks.TryRead(chunk.FirstBlock + block, _block)
                    && SegmentHeader.TryReadBlock(_block, out SegmentHeader header, out _)
                    && header.Store == Store && header.Shard == chunk.Shard && header.Slot > 0)
                {
                    long lba = ((long)chunk.Ordinal * LogGeometry.ChunkBlocks) + block;
                    long bytes = lba / header.Slot * LogGeometry.BlockBytes;
                    if (bytes is >= FlashStoreOptions.MinSegmentBytes
                            and <= FlashStoreOptions.MaxSegmentBytes
                        && BitOperations.IsPow2(bytes))
                    {
                        return (int)bytes;
                    }
                }
            }
        }

        return new FlashStoreOptions().SegmentBytes;
    }
}
