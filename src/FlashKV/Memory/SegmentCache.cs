using FlashKV.Log;

namespace FlashKV.Memory;

/// <summary>
/// Keeps whole segments in memory while they fit into their part of the budget: a sealed segment
/// moves in from staging, and a segment that is read moves in while there is room. When there is
/// none, the segment that has been in longest makes way for one that is sealed. When the index
/// leaves little of the budget, frames go back to it.
/// </summary>
internal sealed class SegmentCache
{
    // The rest of the budget is left to the index and to transfer buffers.
    private const int ShareNumerator = 5;
    private const int ShareDenominator = 8;

    // What they must find free at any time, since they cannot wait: more than the index keeps of
    // it for overflow blocks.
    private const int ReserveDenominator = 8;

    // The most of it that is lent to records.
    private const int LentNumerator = 3;
    private const int LentDenominator = 4;

    private readonly UnmanagedMemory _memory;
    private readonly int _segmentBytes;
    private readonly int _framesPerBlock;
    private int _maxFrames;
    private readonly long _reserveBytes;
    private readonly Lock _lock = new();
    private readonly Queue<Segment> _inOrder = new();
    private readonly List<nint> _free = [];
    private readonly Dictionary<nint, FrameBlock> _blockOf = [];
    private int _frames;
    private int _lentFrames;

    public SegmentCache(UnmanagedMemory memory, int segmentBytes)
    {
        _memory = memory;
        _segmentBytes = segmentBytes;
        _framesPerBlock = (int)Math.Max(1, MemoryMap.HugePageBytes / segmentBytes);
        _maxFrames = (int)Math.Min(
            memory.BudgetBytes / ShareDenominator * ShareNumerator / segmentBytes, int.MaxValue);
        _reserveBytes = memory.BudgetBytes / ReserveDenominator;
    }

    /// <summary>Whether a frame can be had without taking one from another segment.</summary>
    public bool HasRoom =>
        _free.Count > 0
        || (_frames < _maxFrames && _memory.AvailableBytes >= _reserveBytes + _segmentBytes);

    /// <summary>Takes a frame that no segment uses; nothing makes way for it.</summary>
    public bool TryTakeFree(out NativeRegion frame)
    {
        lock (_lock)
        {
            if (TryPopUnsynchronized(out nint address)
                || TryAllocateUnsynchronized(out address))
            {
                frame = new NativeRegion(address, _segmentBytes);
                return true;
            }
        }

        frame = default;
        return false;
    }

    /// <summary>
    /// Takes a frame for a segment that was just sealed; waits for readers of the segment that
    /// makes way. The caller is not inside an operation.
    /// </summary>
    public bool TryTake(out NativeRegion frame)
    {
        GiveBack();
        while (!TryTakeFree(out frame))
        {
            Segment? oldest = null;
            lock (_lock)
            {
                if (!_inOrder.TryDequeue(out oldest))
                {
                    return false;
                }
            }

            Evict(oldest);
        }

        return true;
    }

    /// <summary>Publishes a filled frame as the image of a segment.</summary>
    public void Publish(Segment segment, NativeRegion frame)
    {
        lock (_lock)
        {
            _blockOf[frame.Address].Users.Add(segment);
            segment.CacheFrame = frame.Address;
            segment.Image = frame.Address;
            _inOrder.Enqueue(segment);
        }
    }

    /// <summary>Gives back a frame that was not published.</summary>
    public void Return(NativeRegion frame)
    {
        lock (_lock)
        {
            PushUnsynchronized(frame.Address);
        }
    }

    /// <summary>
    /// Takes the frame of a segment back, if it has one; waits for its readers. The caller is not
    /// inside an operation.
    /// </summary>
    public void Evict(Segment segment)
    {
        nint frame;
        lock (_lock)
        {
            frame = segment.CacheFrame;
            if (frame == 0)
            {
                return;
            }

            _ = _blockOf[frame].Users.Remove(segment);
            UnpublishUnsynchronized(segment);
        }

        Epoch.WaitForQuiescence();
        lock (_lock)
        {
            PushUnsynchronized(frame);
        }
    }

    private static void UnpublishUnsynchronized(Segment segment)
    {
        segment.CacheFrame = 0;
        segment.Image = 0;
        segment.AllowLoad();
    }

    /// <summary>The bytes that may be lent in all, as things are.</summary>
    public long LendableBytes =>
        (long)(_frames + _lentFrames) * _segmentBytes / LentDenominator * LentNumerator;

    /// <summary>What else has memory to give back.</summary>
    public Func<bool>? GiveBackMore { get; set; }

    /// <summary>
    /// Lends the memory of the oldest segments, up to a share of all. Readers may still look at it:
    /// the borrower uses it once the operations that are under way have ended.
    /// </summary>
    public bool TryLend(out MemoryBlock memory)
    {
        lock (_lock)
        {
            FrameBlock? block = (long)_lentFrames * _segmentBytes < LendableBytes
                ? TakeBlockUnsynchronized()
                : null;
            if (block is not null)
            {
                _lentFrames += block.FrameCount;
                _maxFrames -= block.FrameCount;
            }

            memory = block?.Memory ?? default;
            return block is not null;
        }
    }

    /// <summary>Notes that the memory of a block that was lent has been freed.</summary>
    public void TakeBack(MemoryBlock memory)
    {
        lock (_lock)
        {
            int frames = (int)(memory.Length / _segmentBytes);
            _lentFrames -= frames;
            _maxFrames += frames;
        }
    }

    // Called once for each sealed segment, so the index is never far ahead of it.
    private void GiveBack()
    {
        while (_memory.AvailableBytes < _reserveBytes)
        {
            FrameBlock? block;
            lock (_lock)
            {
                block = TakeBlockUnsynchronized();
            }

            if (block is not null)
            {
                Epoch.WaitForQuiescence();
                _memory.Free(block.Memory);
            }
            else if (GiveBackMore?.Invoke() != true)
            {
                return;
            }
        }
    }

    /// <summary>
    /// Takes all frames of the block of the oldest segment out of use. Null if it has a frame that
    /// is being filled; the next segment tries again.
    /// </summary>
    private FrameBlock? TakeBlockUnsynchronized()
    {
        FrameBlock? block = OldestUnsynchronized();
        if (block is null || block.FreeCount + block.Users.Count < block.FrameCount)
        {
            return null;
        }

        foreach (Segment segment in block.Users)
        {
            UnpublishUnsynchronized(segment);
        }

        for (int frame = 0; frame < block.FrameCount; frame++)
        {
            nint address = block.Memory.Address + ((nint)frame * _segmentBytes);
            _ = _blockOf.Remove(address);
            _ = _free.Remove(address);
        }

        _frames -= block.FrameCount;
        return block;
    }

    private FrameBlock? OldestUnsynchronized()
    {
        if (_free.Count > 0)
        {
            return _blockOf[_free[0]];
        }

        while (_inOrder.TryPeek(out Segment? oldest))
        {
            if (oldest.CacheFrame != 0)
            {
                return _blockOf[oldest.CacheFrame];
            }

            _ = _inOrder.Dequeue();
        }

        return null;
    }

    private bool TryPopUnsynchronized(out nint address)
    {
        if (_free.Count == 0)
        {
            address = 0;
            return false;
        }

        address = _free[^1];
        _free.RemoveAt(_free.Count - 1);
        _blockOf[address].FreeCount--;
        return true;
    }

    private void PushUnsynchronized(nint address)
    {
        _free.Add(address);
        _blockOf[address].FreeCount++;
    }

    // Frames are cut from huge pages: gets hit them at random, and with small pages each would pay
    // for a miss in the page tables too.
    private bool TryAllocateUnsynchronized(out nint address) =>
        TryAllocateUnsynchronized(Math.Min(_framesPerBlock, _maxFrames - _frames), out address)
        || TryAllocateUnsynchronized(1, out address);

    private bool TryAllocateUnsynchronized(int frames, out nint address)
    {
        address = 0;
        if (frames <= 0 || frames > _maxFrames - _frames
            || !_memory.TryAllocate(
                MemoryCategory.Cache,
                (long)frames * _segmentBytes,
                out MemoryBlock memory,
                _reserveBytes))
        {
            return false;
        }

        var block = new FrameBlock(memory, frames);
        _frames += frames;
        for (int frame = frames - 1; frame >= 0; frame--)
        {
            address = memory.Address + ((nint)frame * _segmentBytes);
            _blockOf.Add(address, block);
            PushUnsynchronized(address);
        }

        return TryPopUnsynchronized(out address);
    }

    /// <summary>Frames that come from and go back to the budget together.</summary>
    private sealed class FrameBlock(MemoryBlock memory, int frameCount)
    {
        public MemoryBlock Memory { get; } = memory;

        public int FrameCount { get; } = frameCount;

        public int FreeCount { get; set; }

        /// <summary>The segments whose images lie here.</summary>
        public List<Segment> Users { get; } = new(frameCount);
    }
}
