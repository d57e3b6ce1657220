using System.Buffers.Binary;

namespace FlashKV.Log;

/// <summary>
/// The first block of a chunk: whose it is. On disk: do not change; add a version.
/// See docs/formats.md, "Chunk header".
/// </summary>
/// <param name="Store">The store.</param>
/// <param name="Shard">The shard; <see cref="MetaShard"/> for the chunk of the superblock.</param>
/// <param name="Ordinal">The number of the chunk in the LUN of its shard, from 0.</param>
internal readonly record struct ChunkHeader(StoreId Store, int Shard, int Ordinal)
{
    /// <summary>Stands in the place of a shard for the chunk that holds the superblock.</summary>
    public const int MetaShard = 0xFFFF;

    public const ulong Magic = 0x314B_4843_564B_4C46; // "FLKVCHK1"
    public const int VersionOffset = sizeof(ulong);
    public const int ShardOffset = VersionOffset + sizeof(uint);
    public const int StoreOffset = ShardOffset + sizeof(uint);
    public const int OrdinalOffset = StoreOffset + StoreId.SizeInBytes;
    public const int ChecksumOffset = OrdinalOffset + sizeof(uint);

    public void Write(Span<byte> block)
    {
        block.Clear();
        BinaryPrimitives.WriteUInt64LittleEndian(block, Magic);
        BinaryPrimitives.WriteUInt32LittleEndian(block[VersionOffset..], FormatVersion.Current);
        BinaryPrimitives.WriteInt32LittleEndian(block[ShardOffset..], Shard);
        Store.Write(block[StoreOffset..]);
        BinaryPrimitives.WriteInt32LittleEndian(block[OrdinalOffset..], Ordinal);
        uint checksum = Crc32C.Compute(block[..ChecksumOffset]);
        BinaryPrimitives.WriteUInt32LittleEndian(block[ChecksumOffset..], checksum);
    }

    public static bool TryRead(ReadOnlySpan<byte> block, out ChunkHeader header)
    {
        header = default;
        if (BinaryPrimitives.ReadUInt64LittleEndian(block) != Magic
            || BinaryPrimitives.ReadUInt32LittleEndian(block[ChecksumOffset..])
                != Crc32C.Compute(block[..ChecksumOffset]))
        {
            return false;
        }

        header = new ChunkHeader(
            StoreId.Read(block[StoreOffset..]),
            BinaryPrimitives.ReadInt32LittleEndian(block[ShardOffset..]),
            BinaryPrimitives.ReadInt32LittleEndian(block[OrdinalOffset..]));
        return true;
    }
}
