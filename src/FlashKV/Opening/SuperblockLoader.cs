using System.Security.Cryptography;
using FlashKV.Log;
using FlashKV.Memory;
using FlashKV.Superpipe;

namespace FlashKV.Opening;

/// <summary>Finds the superblock of a store, or makes the first one.</summary>
internal static class SuperblockLoader
{
    /// <summary>Reads both copies and takes the newer valid one.</summary>
    /// <param name="meta">The LUN of the superblock.</param>
    /// <param name="directory">The directory of the store, for messages.</param>
    /// <param name="damagedCopy">The copy that is not valid, or -1.</param>
    /// <returns>null if neither copy was ever written.</returns>
    /// <exception cref="CorruptStoreException">Neither copy is valid.</exception>
    /// <exception cref="StoreVersionException">The store is of another version.</exception>
    public static Superblock? Load(Lun meta, string directory, out int damagedCopy)
    {
        using var memory = new UnmanagedMemory(2 * Superblock.CopyBytes);
        NativeRegion buffer = new(
            memory.Allocate(MemoryCategory.Buffers, Superblock.CopyBytes).Address,
            Superblock.CopyBytes);
        Superblock? newest = null;
        int blank = 0;
        damagedCopy = -1;
        for (int copy = 0; copy < SuperblockCopies.Count; copy++)
        {
            SuperblockStatus status =
                SuperblockCopies.Read(meta, buffer, copy, out Superblock? superblock);
            if (status == SuperblockStatus.OtherVersion)
            {
                uint version = Superblock.VersionOf(buffer.Span(0, Superblock.CopyBytes));
                throw new StoreVersionException(directory, version, FormatVersion.Current);
            }

            blank += status == SuperblockStatus.Blank ? 1 : 0;
            damagedCopy = status == SuperblockStatus.Valid ? damagedCopy : copy;
            if (superblock is not null
                && (newest is null || superblock.Generation > newest.Generation))
            {
                newest = superblock;
            }
        }

        return newest is not null || blank == SuperblockCopies.Count
            ? newest
            : throw new CorruptStoreException(
                -1, Superblock.BlockOf(0), "superblock", "one valid copy of two", "none");
    }

    /// <summary>The superblock of a new store.</summary>
    public static Superblock Create(FlashStoreOptions options) => new()
    {
        Store = options.Seed is { } seed ? new StoreId(1, (uint)seed) : StoreId.Create(),
        ShardCount = options.ShardsOrDefault(),
        SegmentBytes = options.SegmentBytes,
        HashSeed = options.Seed is { } hashSeed
            ? (uint)hashSeed
            : BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(sizeof(ulong))),
        CreatedMilliseconds = options.TimeProvider.GetUtcNow().ToUnixTimeMilliseconds(),
    };
}
