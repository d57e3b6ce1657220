namespace FlashKV.Superpipe.Commands;

/// <summary>
/// Neighbouring completions of one batch, settled together: one atomic operation frees the blocks
/// of a shard, one store tells the batch.
/// </summary>
internal unsafe struct CompletionRun
{
    private CommandBatch* _batch;
    private ulong _mask;
    private int _shard;
    private int _count;

    /// <summary>Adds a command that has ended well; its state is not read again.</summary>
    internal void Add(FreeBlocks free, CommandBatch* batch, int index)
    {
        int shard = free.ShardOf(index);
        if (_count != 0 && (batch != _batch || shard != _shard))
            Flush(free);

        _batch = batch;
        _shard = shard;
        _mask |= free.BitOf(index);
        _count++;
    }

    /// <summary>Frees the blocks, then tells the batch, whose thread may leave at once.</summary>
    internal void Flush(FreeBlocks free)
    {
        if (_count == 0)
            return;

        free.Free(_shard, _mask);
        // SAFETY: the batch's thread waits until Completed covers these commands, so the batch is
        // still there. Only the holder of the harvester role writes Completed: no interlocked add.
        Volatile.Write(ref _batch->Completed, _batch->Completed + _count);
        _mask = 0;
        _count = 0;
    }
}
