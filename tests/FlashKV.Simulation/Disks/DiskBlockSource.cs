using FlashKV.Salvage;

namespace FlashKV.Simulation.Disks;

/// <summary>A disk as salvage reads it.</summary>
/// <param name="disk">The disk.</param>
/// <param name="blockCount">Its blocks.</param>
/// <param name="unreadable">A block that cannot be read; -1 for none.</param>
internal sealed class DiskBlockSource(Disk disk, long blockCount, long unreadable) : IBlockSource
{
    public long BlockCount => blockCount;

    public bool TryRead(long block, Span<byte> destination)
    {
        for (; !destination.IsEmpty; block++, destination = destination[Disk.BlockBytes..])
        {
            if (block == unreadable || block >= blockCount)
            {
                return false;
            }

            disk.Read(block).CopyTo(destination);
        }

        return true;
    }

    public void Dispose()
    {
        // The disk is the machine's.
    }
}
