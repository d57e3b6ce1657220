using System.Diagnostics;
using FlashKV.Superpipe.Abi;

namespace FlashKV.SimBackend.Driver;

/// <summary>
/// What the driver knows of a LUN by its WWID, whatever path leads to it (SP §3.1): capacity, mode,
/// users, and its chunks.
/// </summary>
internal sealed class GlobalLun(Bytes16 wwid)
{
    /// <summary>The page-83 id.</summary>
    internal Bytes16 Wwid => wwid;

    /// <summary>The last LBA in own blocks; 0 until the capacity has been read.</summary>
    internal ulong MaxLba { get; private set; }

    /// <summary>The length of one of its blocks in bytes.</summary>
    internal uint BlockLength { get; private set; } = CxlflashLimits.BlockSize;

    /// <summary>What it is used for.</summary>
    internal LunMode Mode { get; private set; }

    /// <summary>The number of open resource handles.</summary>
    internal int Users { get; private set; }

    /// <summary>Its chunks, while it is used for virtual LUNs.</summary>
    internal ChunkAllocator? Chunks { get; private set; }

    /// <summary>Takes over what READ CAPACITY(16) has answered.</summary>
    internal void SetCapacity(ReadCapacity16Data capacity)
    {
        MaxLba = capacity.LastLba;
        BlockLength = capacity.BlockLength;
    }

    /// <summary>Makes the allocator for a first virtual LUN, if there is none.</summary>
    /// <returns><see langword="false"/> when the LUN is smaller than a chunk.</returns>
    internal bool TryPrepareChunks()
    {
        if (Chunks is null)
        {
            ulong count = (MaxLba + 1) / CxlflashLimits.ChunkSize;
            if (count is 0 or > int.MaxValue)
            {
                return false;
            }

            Chunks = new ChunkAllocator((int)count);
        }

        return true;
    }

    /// <summary>Adds a user in a mode.</summary>
    /// <returns><see langword="false"/> when the LUN is in the other mode.</returns>
    internal bool TryUse(LunMode mode)
    {
        if (Mode != LunMode.None && Mode != mode)
        {
            return false;
        }

        Mode = mode;
        Users++;
        return true;
    }

    /// <summary>Ends one use; with the last one the mode and the allocator go.</summary>
    internal void EndUse()
    {
        Debug.Assert(Users > 0, "a use that was begun");
        if (--Users == 0)
        {
            Mode = LunMode.None;
            Chunks = null;
        }
    }

    /// <summary>The number of chunks that hold a size in 4,096-byte blocks.</summary>
    /// <remarks>
    /// The multiplication wraps around, as the original's does; all ones asks for everything.
    /// </remarks>
    internal ulong ChunksFor(ulong blocks)
    {
        ulong ownBlocks = unchecked(blocks * CxlflashLimits.BlockSize) / BlockLength;
        ulong whole = ownBlocks / CxlflashLimits.ChunkSize;
        return whole + (ownBlocks % CxlflashLimits.ChunkSize == 0 ? 0UL : 1UL);
    }

    /// <summary>
    /// The last LBA in 4,096-byte blocks of a size in chunks; all ones when it is 0.
    /// </summary>
    internal ulong LastLbaOf(uint chunks) =>
        unchecked(((ulong)chunks * CxlflashLimits.ChunkSize * BlockLength
            / CxlflashLimits.BlockSize) - 1);
}
