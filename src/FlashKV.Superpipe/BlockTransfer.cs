namespace FlashKV.Superpipe;

/// <summary>What a <see cref="BlockTransfer"/> does.</summary>
public enum BlockOperation
{
    /// <summary>Reads blocks of the LUN into memory.</summary>
    Read,

    /// <summary>Writes blocks of memory to the LUN.</summary>
    Write,

    /// <summary>Gives the blocks back to the medium; they read as zeros afterwards.</summary>
    Unmap,
}

/// <summary>
/// One transfer of a batch: a run of 4,096-byte blocks of a LUN from or to one run of memory.
/// </summary>
/// <param name="Operation">Reading, writing or unmapping.</param>
/// <param name="Lba">The first block, counted from 0 in 4,096-byte blocks of the LUN.</param>
/// <param name="BlockCount">The number of blocks, at least 1.</param>
/// <param name="Buffer">
/// The address of <paramref name="BlockCount"/> x 4,096 bytes of unmanaged memory, aligned to 16
/// bytes; alignment to 4,096 saves the file medium a copy. Not used by
/// <see cref="BlockOperation.Unmap"/>. It must stay valid until the batch has completed.
/// </param>
/// <param name="ForceUnitAccess">
/// For a write: completed only when the blocks are on stable storage.
/// </param>
public readonly record struct BlockTransfer(
    BlockOperation Operation,
    long Lba,
    int BlockCount,
    nint Buffer,
    bool ForceUnitAccess = false);
