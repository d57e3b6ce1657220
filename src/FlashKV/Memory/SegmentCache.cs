using FlashKV.Log;

namespace FlashKV.Memory;

/// <summary>
/// Keeps whole segments in memory while they fit into their part of the budget: a sealed segment
/// moves in from staging, and a segment that is read moves in while there is room. When there is
/// none, the segment that has been in longest makes way for one that is sealed.
/// </summary>
internal sealed class SegmentCache
{
    // The rest of the budget is left to the index and to transfer buffers.
    private const int ShareNumerator = 5;
    private const int ShareDenominator = 8;

    private readonly UnmanagedMemory _memory;
    private readonly int _segmentBytes;
    private readonly int _framesPerBlock;
    private readonly int _maxFrames;
    private readonly Lock _lock = new();
    private readonly Queue<Segment> _inOrder = new();
    private readonly Stack<nint> _free = new();
    private int _frames;

    public SegmentCache(UnmanagedMemory memory, int segmentBytes)
    {
        _memory = memory;
        _segmentBytes = segmentBytes;
        _framesPerBlock = (int)Math.Max(1, MemoryMap.HugePageBytes / segmentBytes);
        _maxFrames = (int)Math.Min(
            memory.BudgetBytes / ShareDenominator * ShareNumerator / segmentBytes, int.MaxValue);
    }

    /// <summary>Whether a frame can be had without taking one from another segment.</summary>
    public bool HasRoom => _free.Count > 0 || _frames < _maxFrames;

    /// <summary>Takes a frame that no segment uses; nothing makes way for it.</summary>
    public bool TryTakeFree(out NativeRegion frame)
    {
        lock (_lock)
        {
            if (_free.TryPop(out nint address) || TryAllocate(out address))
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
            _free.Push(frame.Address);
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

            segment.CacheFrame = 0;
            segment.Image = 0;
            segment.AllowLoad();
        }

        Epoch.WaitForQuiescence();
        lock (_lock)
        {
            _free.Push(frame);
        }
    }

    // Frames are cut from huge pages: gets hit them at random, and with small pages each would pay
    // for a miss in the page tables too.
    private bool TryAllocate(out nint address) =>
        TryAllocate(Math.Min(_framesPerBlock, _maxFrames - _frames), out address)
        || TryAllocate(1, out address);

    private bool TryAllocate(int frames, out nint address)
    {
        address = 0;
        if (frames <= 0 || frames > _maxFrames - _frames
            || !_memory.TryAllocate(
                MemoryCategory.Cache, (long)frames * _segmentBytes, out MemoryBlock block))
        {
            return false;
        }

        _frames += frames;
        address = block.Address;
        for (int frame = frames - 1; frame > 0; frame--)
        {
            _free.Push(address + ((nint)frame * _segmentBytes));
        }

        return true;
    }
}
