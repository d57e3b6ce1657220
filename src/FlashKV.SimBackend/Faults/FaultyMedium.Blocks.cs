namespace FlashKV.SimBackend;

/// <content>What happens to blocks: cache, stable storage, faults. The lock is held.</content>
public sealed partial class FaultyMedium
{
    private MediumStatus ReadNewest(long block, ReadOnlySpan<MemoryRun> runs)
    {
        if (_badBlocks.Count > 0 && HasBadBlock(block, TotalBlocks(runs)))
        {
            return MediumStatus.MediumError;
        }

        MediumStatus status = _inner.Read(block, runs);
        if (_unsynced.Count == 0 || status != MediumStatus.Good)
        {
            return status;
        }

        foreach (ref readonly MemoryRun run in runs)
        {
            for (int i = 0; i < run.BlockCount; i++)
            {
                if (_unsynced.TryGetNewest(block++, out ReadOnlySpan<byte> content))
                {
                    content.CopyTo(run.AsSpan()[(i * BlockBytes)..]);
                }
            }
        }

        return MediumStatus.Good;
    }

    private bool HasBadBlock(long block, long blockCount)
    {
        for (long i = 0; i < blockCount; i++)
        {
            if (_badBlocks.Contains(block + i))
            {
                return true;
            }
        }

        return false;
    }

    private MediumStatus WriteWithinSpace(
        long block, ReadOnlySpan<MemoryRun> runs, bool forceUnitAccess)
    {
        bool isCached = !forceUnitAccess;
        foreach (ref readonly MemoryRun run in runs)
        {
            for (int i = 0; i < run.BlockCount; i++, block++)
            {
                if (!TryOccupy(block))
                {
                    return MediumStatus.OutOfSpace;
                }

                ReadOnlySpan<byte> content = run.AsSpan().Slice(i * BlockBytes, BlockBytes);
                MediumStatus status = isCached
                    ? AddUnsynced(block, content)
                    : WriteStable(block, content);
                if (status != MediumStatus.Good)
                {
                    return status;
                }
            }
        }

        return MediumStatus.Good;
    }

    private bool TryOccupy(long block)
    {
        if (_occupied.Contains(block))
        {
            return true;
        }

        return _occupied.Count < SpaceLimitBlocks && _occupied.Add(block);
    }

    private MediumStatus WriteFaulty(
        MediumFault fault, long block, ReadOnlySpan<MemoryRun> runs, bool forceUnitAccess)
    {
        switch (fault)
        {
            case MediumFault.OutOfSpace:
                return MediumStatus.OutOfSpace;
            case MediumFault.LostWrite:
                return MediumStatus.Good;
            case MediumFault.TornWrite:
                _ = Tear(block, runs);
                return MediumStatus.MediumError;
            case MediumFault.MisdirectedWrite:
                return WriteWithinSpace(
                    ElsewhereThan(block, TotalBlocks(runs)), runs, forceUnitAccess);
            case MediumFault.WriteBitFlip:
                MediumStatus status = WriteWithinSpace(block, runs, forceUnitAccess);
                long flipped = block + _random.NextInt64(TotalBlocks(runs));
                return status == MediumStatus.Good
                    ? FlipBitUnsynchronized(flipped, _random.Next(BlockBytes * 8))
                    : status;
            default:
                return MediumStatus.MediumError;
        }
    }

    private long ElsewhereThan(long block, long blockCount)
    {
        long places = BlockCount - blockCount + 1;
        return places == 1 ? block : (block + 1 + _random.NextInt64(places - 1)) % places;
    }

    private MediumStatus Tear(long block, ReadOnlySpan<MemoryRun> runs)
    {
        byte[] torn = new byte[BlockBytes];
        foreach (ref readonly MemoryRun run in runs)
        {
            for (int i = 0; i < run.BlockCount; i++, block++)
            {
                MediumStatus status = ReadOne(block, torn);
                if (status != MediumStatus.Good || !TryOccupy(block))
                {
                    return status;
                }

                UnsyncedBlocks.Mix(
                    torn, run.AsSpan().Slice(i * BlockBytes, BlockBytes), _random);
                AddUnsynced(block, torn);
            }
        }

        return MediumStatus.Good;
    }

    private MediumStatus FlipBitUnsynchronized(long block, int bit)
    {
        byte[] content = new byte[BlockBytes];
        bool isUnsynced = _unsynced.TryGetNewest(block, out _);
        MediumStatus status = ReadOne(block, content);
        if (status != MediumStatus.Good)
        {
            return status;
        }

        content[bit / 8] ^= (byte)(1 << (bit % 8));
        return isUnsynced ? AddUnsynced(block, content) : WriteStable(block, content);
    }

    // The newest content of one block, bad or not.
    private MediumStatus ReadOne(long block, Span<byte> content)
    {
        if (_unsynced.TryGetNewest(block, out ReadOnlySpan<byte> newest))
        {
            newest.CopyTo(content);
            return MediumStatus.Good;
        }

        MediumStatus status = _inner.Read(block, [_block.Run]);
        _block.Bytes.CopyTo(content);
        return status;
    }

    private MediumStatus AddUnsynced(long block, ReadOnlySpan<byte> content)
    {
        _unsynced.Add(block, content);
        _badBlocks.Remove(block);
        return MediumStatus.Good;
    }

    private void AddUnsynced(long block, ReadOnlySpan<MemoryRun> runs)
    {
        foreach (ref readonly MemoryRun run in runs)
        {
            for (int i = 0; i < run.BlockCount; i++)
            {
                AddUnsynced(block++, run.AsSpan().Slice(i * BlockBytes, BlockBytes));
            }
        }
    }

    private MediumStatus WriteStable(long block, ReadOnlySpan<byte> content)
    {
        content.CopyTo(_block.Bytes);
        _unsynced.Remove(block);
        _badBlocks.Remove(block);
        return _inner.Write(block, [_block.Run], forceUnitAccess: true);
    }

    // A discard is cached like a write of zeros, and may be lost like one.
    private MediumStatus DiscardUnsynced(long block, long blockCount)
    {
        for (long i = 0; i < blockCount; i++)
        {
            _unsynced.AddZeros(block + i);
            _badBlocks.Remove(block + i);
            _occupied.Remove(block + i);
        }

        return MediumStatus.Good;
    }

    private MediumStatus FlushUnsynced()
    {
        foreach (long block in _unsynced.Blocks)
        {
            _unsynced.TryGetNewest(block, out ReadOnlySpan<byte> content);
            MediumStatus status = WriteSettled(block, content);
            if (status != MediumStatus.Good)
            {
                return status;
            }
        }

        _unsynced.Clear();
        return _inner.Flush();
    }

    private MediumStatus CutPowerUnsynchronized()
    {
        IsPowered = false;
        MediumStatus status = MediumStatus.Good;
        foreach (long block in _unsynced.Blocks)
        {
            byte[] settled = new byte[BlockBytes];
            MediumStatus read = _inner.Read(block, [_block.Run]);
            _block.Bytes.CopyTo(settled);
            _unsynced.Settle(block, settled, PowerCutMode, _random);
            MediumStatus written = WriteSettled(block, settled);
            status = read != MediumStatus.Good ? read
                : written != MediumStatus.Good ? written : status;
        }

        _unsynced.Clear();
        return status == MediumStatus.Good ? _inner.Flush() : status;
    }

    private MediumStatus WriteSettled(long block, ReadOnlySpan<byte> content)
    {
        if (content.IndexOfAnyExcept((byte)0) < 0)
        {
            return _inner.Discard(block, 1);
        }

        content.CopyTo(_block.Bytes);
        return _inner.Write(block, [_block.Run], forceUnitAccess: false);
    }
}
