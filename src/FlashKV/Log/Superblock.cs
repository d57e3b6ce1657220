using System.Buffers.Binary;
using System.Numerics;

namespace FlashKV.Log;

/// <summary>
/// What a store must know before it can read anything else: its identity, its shape, and the order
/// in which the chunks of its shards were granted. Kept twice in the chunk of the meta LUN.
/// On disk: do not change; add a version. See docs/formats.md, "Superblock".
/// </summary>
internal sealed record Superblock
{
    public const ulong Magic = 0x3142_5553_564B_4C46; // "FLKVSUB1"
    public const int CopyBlocks = 64;
    public const int CopyBytes = CopyBlocks * LogGeometry.BlockBytes;
    public const int ChecksumOffset = sizeof(ulong);
    public const int LengthOffset = ChecksumOffset + sizeof(uint);
    public const int VersionOffset = LengthOffset + sizeof(uint);
    public const int ShardCountOffset = VersionOffset + sizeof(uint);
    public const int StoreOffset = ShardCountOffset + sizeof(uint);
    public const int GenerationOffset = StoreOffset + StoreId.SizeInBytes;
    public const int SessionOffset = GenerationOffset + sizeof(long);
    public const int SegmentBytesOffset = SessionOffset + sizeof(uint);
    public const int HashSeedOffset = SegmentBytesOffset + sizeof(uint);
    public const int CreatedOffset = HashSeedOffset + sizeof(ulong);
    public const int GrantCountOffset = CreatedOffset + sizeof(long);
    public const int GrantsOffset = GrantCountOffset + sizeof(uint);

    /// <summary>The most chunks that a store can be granted.</summary>
    public const int MaxGrants = (CopyBytes - GrantsOffset) / sizeof(ushort);

    private const long FirstCopyBlock = 16;

    public required StoreId Store { get; init; }

    public required int ShardCount { get; init; }

    public required int SegmentBytes { get; init; }

    /// <summary>The seed of the hash of keys.</summary>
    public required ulong HashSeed { get; init; }

    /// <summary>When the store was created, in milliseconds since the Unix epoch.</summary>
    public required long CreatedMilliseconds { get; init; }

    /// <summary>Counts the writes of the superblock; the copy with the larger one counts.</summary>
    public long Generation { get; init; }

    /// <summary>Counts the openings of the store; the upper half of its batch ids.</summary>
    public uint Session { get; init; }

    /// <summary>The shard of each chunk, in the order in which the chunks were granted.</summary>
    public ushort[] Grants { get; init; } = [];

    /// <summary>The first block of a copy in the meta LUN.</summary>
    public static long BlockOf(int copy) => FirstCopyBlock + ((long)copy * CopyBlocks);

    /// <summary>Writes a copy; returns its length in bytes.</summary>
    public int Write(Span<byte> copy)
    {
        copy.Clear();
        int length = WriteGrants(copy);
        BinaryPrimitives.WriteUInt64LittleEndian(copy, Magic);
        BinaryPrimitives.WriteInt32LittleEndian(copy[LengthOffset..], length);
        BinaryPrimitives.WriteUInt32LittleEndian(copy[VersionOffset..], FormatVersion.Current);
        BinaryPrimitives.WriteInt32LittleEndian(copy[ShardCountOffset..], ShardCount);
        Store.Write(copy[StoreOffset..]);
        BinaryPrimitives.WriteInt64LittleEndian(copy[GenerationOffset..], Generation);
        BinaryPrimitives.WriteUInt32LittleEndian(copy[SessionOffset..], Session);
        BinaryPrimitives.WriteInt32LittleEndian(copy[SegmentBytesOffset..], SegmentBytes);
        BinaryPrimitives.WriteUInt64LittleEndian(copy[HashSeedOffset..], HashSeed);
        BinaryPrimitives.WriteInt64LittleEndian(copy[CreatedOffset..], CreatedMilliseconds);
        BinaryPrimitives.WriteInt32LittleEndian(copy[GrantCountOffset..], Grants.Length);
        uint checksum = Crc32C.Compute(copy[LengthOffset..length]);
        BinaryPrimitives.WriteUInt32LittleEndian(copy[ChecksumOffset..], checksum);
        return length;
    }

    /// <summary>Reads a copy.</summary>
    public static SuperblockStatus TryRead(ReadOnlySpan<byte> copy, out Superblock? superblock)
    {
        superblock = null;
        if (!copy.ContainsAnyExcept((byte)0))
        {
            return SuperblockStatus.Blank;
        }

        if (BinaryPrimitives.ReadUInt64LittleEndian(copy) != Magic)
        {
            return SuperblockStatus.Damaged;
        }

        int length = BinaryPrimitives.ReadInt32LittleEndian(copy[LengthOffset..]);
        if (length < GrantsOffset || length > CopyBytes
            || BinaryPrimitives.ReadUInt32LittleEndian(copy[ChecksumOffset..])
                != Crc32C.Compute(copy[LengthOffset..length]))
        {
            return SuperblockStatus.Damaged;
        }

        if (BinaryPrimitives.ReadUInt32LittleEndian(copy[VersionOffset..]) != FormatVersion.Current)
        {
            return SuperblockStatus.OtherVersion;
        }

        superblock = Read(copy[..length]);
        return superblock is null ? SuperblockStatus.Damaged : SuperblockStatus.Valid;
    }

    /// <summary>The version that a copy claims to have.</summary>
    public static uint VersionOf(ReadOnlySpan<byte> copy) =>
        BinaryPrimitives.ReadUInt32LittleEndian(copy[VersionOffset..]);

    private static Superblock? Read(ReadOnlySpan<byte> copy)
    {
        int shardCount = BinaryPrimitives.ReadInt32LittleEndian(copy[ShardCountOffset..]);
        int grantCount = BinaryPrimitives.ReadInt32LittleEndian(copy[GrantCountOffset..]);
        int segmentBytes = BinaryPrimitives.ReadInt32LittleEndian(copy[SegmentBytesOffset..]);
        if (shardCount is < 1 or > FlashStoreOptions.MaxShards
            || !BitOperations.IsPow2(shardCount)
            || segmentBytes is < FlashStoreOptions.MinSegmentBytes
                or > FlashStoreOptions.MaxSegmentBytes
            || !BitOperations.IsPow2(segmentBytes)
            || grantCount < 0 || grantCount > MaxGrants
            || copy.Length != LengthFor(grantCount))
        {
            return null;
        }

        ushort[] grants = ReadGrants(copy, grantCount);
        return Array.Exists(grants, grant => grant >= shardCount) ? null : new Superblock
        {
            Store = StoreId.Read(copy[StoreOffset..]),
            ShardCount = shardCount,
            SegmentBytes = segmentBytes,
            HashSeed = BinaryPrimitives.ReadUInt64LittleEndian(copy[HashSeedOffset..]),
            CreatedMilliseconds = BinaryPrimitives.ReadInt64LittleEndian(copy[CreatedOffset..]),
            Generation = BinaryPrimitives.ReadInt64LittleEndian(copy[GenerationOffset..]),
            Session = BinaryPrimitives.ReadUInt32LittleEndian(copy[SessionOffset..]),
            Grants = grants,
        };
    }

    private static int LengthFor(int grantCount) => GrantsOffset + (grantCount * sizeof(ushort));

    private static ushort[] ReadGrants(ReadOnlySpan<byte> copy, int grantCount)
    {
        var grants = new ushort[grantCount];
        ReadOnlySpan<byte> source = copy[GrantsOffset..];
        for (int i = 0; i < grants.Length; i++)
        {
            grants[i] = BinaryPrimitives.ReadUInt16LittleEndian(source[(i * sizeof(ushort))..]);
        }

        return grants;
    }

    private int WriteGrants(Span<byte> copy)
    {
        Span<byte> destination = copy[GrantsOffset..];
        for (int i = 0; i < Grants.Length; i++)
        {
            BinaryPrimitives.WriteUInt16LittleEndian(
                destination[(i * sizeof(ushort))..], Grants[i]);
        }

        return LengthFor(Grants.Length);
    }
}
