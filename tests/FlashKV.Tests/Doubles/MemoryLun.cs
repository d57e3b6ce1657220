using FlashKV.Superpipe;

namespace FlashKV.Tests.Doubles;

/// <summary>A virtual LUN on a <see cref="MemoryDevice"/>.</summary>
internal sealed unsafe class MemoryLun(MemoryDevice device) : VirtualLun
{
    private readonly List<int> _chunks = [];

    public override long BlockCount => (long)_chunks.Count * MemoryDevice.ChunkBlocks;

    public override long Resize(long blocks)
    {
        while (BlockCount < blocks && device.TryTakeChunk(out int chunk))
        {
            _chunks.Add(chunk);
        }

        while (BlockCount - MemoryDevice.ChunkBlocks >= blocks)
        {
            device.ReleaseChunk(_chunks[^1]);
            _chunks.RemoveAt(_chunks.Count - 1);
        }

        return BlockCount;
    }

    public override void Transfer(ReadOnlySpan<BlockTransfer> batch)
    {
        foreach (BlockTransfer transfer in batch)
        {
            for (int i = 0; i < transfer.BlockCount; i++)
            {
                Transfer(transfer, i);
            }
        }
    }

    /// <summary>Where a block of the LUN lies on the device.</summary>
    public long DeviceBlockOf(long lba) =>
        ((long)_chunks[(int)(lba / MemoryDevice.ChunkBlocks)] * MemoryDevice.ChunkBlocks)
        + (lba % MemoryDevice.ChunkBlocks);

    private void Transfer(in BlockTransfer transfer, int index)
    {
        long block = DeviceBlockOf(transfer.Lba + index);
        if (transfer.Operation == BlockOperation.Unmap)
        {
            device.Unmap(block);
            return;
        }

        // SAFETY: the caller's buffer holds BlockCount blocks.
        var buffer = new Span<byte>(
            (byte*)transfer.Buffer + (index * MemoryDevice.BlockBytes), MemoryDevice.BlockBytes);
        if (transfer.Operation == BlockOperation.Read)
        {
            device.Read(block, buffer);
        }
        else
        {
            device.Write(block, buffer, transfer.ForceUnitAccess);
        }
    }
}
