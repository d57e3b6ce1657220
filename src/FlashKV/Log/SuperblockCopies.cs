using FlashKV.Memory;
using FlashKV.Superpipe;

namespace FlashKV.Log;

/// <summary>
/// Reads and writes the two copies of the superblock. Each write goes to one copy, then to the
/// other, each on stable storage before the next: whatever a crash tears, the other copy is whole.
/// All blocks of a copy are written each time, so that the medium has room for every later grant
/// from the first write on.
/// </summary>
internal static class SuperblockCopies
{
    public const int Count = 2;

    public static void Write(Lun meta, BufferPool buffers, Superblock superblock)
    {
        using PooledBuffer buffer = buffers.Rent(Superblock.CopyBytes);
        superblock.Write(buffer.Span(0, Superblock.CopyBytes));
        for (int copy = 0; copy < Count; copy++)
        {
            meta.Transfer(new BlockTransfer(
                BlockOperation.Write,
                Superblock.BlockOf(copy),
                Superblock.CopyBlocks,
                buffer.Address,
                ForceUnitAccess: true));
        }
    }

    /// <summary>Reads a copy.</summary>
    /// <param name="meta">The LUN.</param>
    /// <param name="buffer">At least <see cref="Superblock.CopyBytes"/>.</param>
    /// <param name="copy">0 or 1.</param>
    /// <param name="superblock">The superblock, if it is valid.</param>
    public static SuperblockStatus Read(
        Lun meta, NativeRegion buffer, int copy, out Superblock? superblock)
    {
        meta.Transfer(new BlockTransfer(
            BlockOperation.Read,
            Superblock.BlockOf(copy),
            Superblock.CopyBlocks,
            buffer.Address));
        return Superblock.TryRead(buffer.Span(0, Superblock.CopyBytes), out superblock);
    }
}
