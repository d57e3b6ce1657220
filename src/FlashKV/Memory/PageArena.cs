namespace FlashKV.Memory;

/// <summary>
/// Zeroed pages of 256 KiB, cut from huge pages that all users of a category share: whoever needs
/// little gets huge pages too, and is counted for little.
/// </summary>
/// <remarks>
/// Members may be called from any thread. The memory goes back to its owner once all pages are
/// returned.
/// </remarks>
/// <param name="memory">The owner of the memory.</param>
/// <param name="category">What it is for.</param>
internal sealed class PageArena(UnmanagedMemory memory, MemoryCategory category)
{
    /// <summary>The length of a page in bytes.</summary>
    public const int PageBytes = 256 << 10;

    private readonly Lock _lock = new();
    private readonly Stack<nint> _fresh = new();
    private readonly Stack<nint> _returned = new();
    private readonly List<MemoryBlock> _blocks = [];
    private int _taken;

    /// <summary>Takes a page.</summary>
    /// <param name="keepFreeBytes">The part of the budget that must be left.</param>
    /// <param name="page">The page.</param>
    /// <returns>False when the memory was refused.</returns>
    public bool TryTake(long keepFreeBytes, out NativeRegion page)
    {
        lock (_lock)
        {
            if (_returned.TryPop(out nint address))
            {
                new NativeRegion(address, PageBytes).Span(0, PageBytes).Clear();
            }
            else if (!_fresh.TryPop(out address)
                && !TryCutUnsynchronized(MemoryMap.HugePageBytes, keepFreeBytes, out address)
                && !TryCutUnsynchronized(PageBytes, keepFreeBytes, out address))
            {
                page = default;
                return false;
            }

            _taken++;
            page = new NativeRegion(address, PageBytes);
            return true;
        }
    }

    /// <summary>Gives a page back. Nobody may use it any more.</summary>
    public void Return(NativeRegion page)
    {
        lock (_lock)
        {
            _returned.Push(page.Address);
            if (--_taken == 0)
            {
                FreeAllUnsynchronized();
            }
        }
    }

    private bool TryCutUnsynchronized(long bytes, long keepFreeBytes, out nint first)
    {
        if (!memory.TryAllocate(category, bytes, out MemoryBlock block, keepFreeBytes))
        {
            first = 0;
            return false;
        }

        _blocks.Add(block);
        first = block.Address;
        for (nint offset = (nint)block.Length - PageBytes; offset > 0; offset -= PageBytes)
        {
            _fresh.Push(first + offset);
        }

        return true;
    }

    private void FreeAllUnsynchronized()
    {
        _fresh.Clear();
        _returned.Clear();
        foreach (MemoryBlock block in _blocks)
        {
            memory.Free(block);
        }

        _blocks.Clear();
    }
}
