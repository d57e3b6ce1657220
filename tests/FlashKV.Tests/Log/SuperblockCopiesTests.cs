using FlashKV.Log;
using FlashKV.Memory;
using FlashKV.Tests.Doubles;

namespace FlashKV.Tests.Log;

public sealed class SuperblockCopiesTests
{
    // Bug: a full device refused a grant with the device's own exception. A copy got its next block
    // only when the grants outgrew the last one. Fix: all blocks are written from the start.
    [Fact]
    public void Both_copies_have_all_their_blocks_from_the_first_write_on()
    {
        var device = new MemoryDevice(1);
        MemoryLun meta = device.OpenLun();
        meta.Resize(MemoryDevice.ChunkBlocks);
        using var memory = new UnmanagedMemory(FlashStoreOptions.MinMemoryBudget);
        var buffers = new BufferPool(memory, Superblock.CopyBytes);

        SuperblockCopies.Write(meta, buffers, new Superblock
        {
            Store = StoreId.Create(),
            ShardCount = 4,
            SegmentBytes = 1 << 20,
            HashSeed = 7,
            CreatedMilliseconds = 1,
        });

        Assert.Equal(SuperblockCopies.Count * Superblock.CopyBlocks, device.BlocksWritten);
    }
}
