using System.Diagnostics;

namespace FlashKV.Superpipe.Commands;

/// <summary>Cuts a batch into pieces of at most as many blocks as one command may cover.</summary>
internal ref struct TransferCursor
{
    private readonly ReadOnlySpan<BlockTransfer> _batch;
    private readonly int _maxBlocks;
    private int _index;
    private int _done;

    internal TransferCursor(ReadOnlySpan<BlockTransfer> batch, int maxBlocks)
    {
        _batch = batch;
        _maxBlocks = maxBlocks;
    }

    internal readonly bool IsAtEnd => _index == _batch.Length;

    /// <summary>The number of commands that a batch needs.</summary>
    internal static long CountCommands(ReadOnlySpan<BlockTransfer> batch, int maxBlocks)
    {
        long count = 0;
        foreach (ref readonly BlockTransfer transfer in batch)
            count += ((long)transfer.BlockCount + maxBlocks - 1) / maxBlocks;
        return count;
    }

    /// <summary>The next piece.</summary>
    internal BlockTransfer Next()
    {
        Debug.Assert(!IsAtEnd, "Read past the end of the batch.");

        ref readonly BlockTransfer transfer = ref _batch[_index];
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
}
