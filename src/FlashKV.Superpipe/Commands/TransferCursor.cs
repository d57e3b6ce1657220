using System.Diagnostics;

namespace FlashKV.Superpipe.Commands;

/// <summary>
/// Cuts a batch into pieces of at most as many blocks as one command may cover. The batch itself is
/// handed in each time: it lies on a stack or in a caller's memory.
/// </summary>
internal struct TransferCursor
{
    private readonly int _maxBlocks;
    private readonly int _length;
    private int _index;
    private int _done;

    internal TransferCursor(int length, int maxBlocks)
    {
        _length = length;
        _maxBlocks = maxBlocks;
    }

    internal readonly bool IsAtEnd => _index == _length;

    /// <summary>The number of commands that a batch needs.</summary>
    internal static long CountCommands(ReadOnlySpan<BlockTransfer> batch, int maxBlocks)
    {
        long count = 0;
        foreach (ref readonly BlockTransfer transfer in batch)
            count += ((long)transfer.BlockCount + maxBlocks - 1) / maxBlocks;
        return count;
    }

    /// <summary>The number of pieces to come, but no more than a limit.</summary>
    internal readonly int CountAhead(ReadOnlySpan<BlockTransfer> batch, int limit)
    {
        if (IsAtEnd)
            return 0;

        long count = Pieces(batch[_index].BlockCount - _done);
        for (int i = _index + 1; i < _length && count < limit; i++)
            count += Pieces(batch[i].BlockCount);
        return (int)Math.Min(count, limit);
    }

    /// <summary>The next piece.</summary>
    internal BlockTransfer Next(ReadOnlySpan<BlockTransfer> batch)
    {
        Debug.Assert(!IsAtEnd, "Read past the end of the batch.");

        ref readonly BlockTransfer transfer = ref batch[_index];
        int count = Math.Min(_maxBlocks, transfer.BlockCount - _done);
        BlockTransfer piece = new(
            transfer.Operation,
            transfer.Lba + _done,
            count,
            transfer.Buffer + ((nint)_done * Lun.BlockSize),
            transfer.ForceUnitAccess);

        _done += count;
        if (_done == transfer.BlockCount)
        {
            _index++;
            _done = 0;
        }

        return piece;
    }

    private readonly long Pieces(long blocks) => (blocks + _maxBlocks - 1) / _maxBlocks;
}
