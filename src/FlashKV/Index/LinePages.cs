using System.Diagnostics;
using System.Runtime.CompilerServices;
using FlashKV.Memory;

namespace FlashKV.Index;

/// <summary>
/// A growing array of cache lines in unmanaged pages that never move and are not given back before
/// <see cref="Dispose"/>: a reader may look at any line below <see cref="Capacity"/> at any time.
/// </summary>
/// <remarks>
/// Pages are found through a directory; they come from an arena, and so from huge pages, since a
/// probe hits them at random. When the directory is full a larger copy takes its place; readers of
/// the old one stay right, because entries are only ever added.
/// </remarks>
internal sealed unsafe class LinePages : IDisposable
{
    /// <summary>The length of a line in bytes.</summary>
    public const int LineBytes = 64;

    /// <summary>The lines of a page.</summary>
    public const int LinesPerPage = 1 << PageShift;

    /// <summary>The length of a page in bytes.</summary>
    public const int PageBytes = PageArena.PageBytes;

    private const int PageShift = 12;
    private const int LineMask = LinesPerPage - 1;
    private const int FirstDirectoryLength = 128;

    private readonly UnmanagedMemory _memory;
    private readonly List<MemoryBlock> _directories = [];
    private readonly List<NativeRegion> _pages = [];
    private readonly Lock _lock = new();
    private nint _directory; // byte*[]
    private int _directoryLength;
    private int _pageCount;
    private long _bytesUsed;

    /// <summary>Creates an empty array.</summary>
    public LinePages(UnmanagedMemory memory) => _memory = memory;

    /// <summary>Gets the lines that exist.</summary>
    public long Capacity => (long)Volatile.Read(ref _pageCount) << PageShift;

    /// <summary>Gets the bytes taken from the budget.</summary>
    public long BytesUsed => Volatile.Read(ref _bytesUsed);

    /// <summary>Gives the address of a line.</summary>
    /// <param name="line">0 to <see cref="Capacity"/> - 1.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ulong* GetLine(long line)
    {
        Debug.Assert(line >= 0 && line < Capacity, "no such line");
        // SAFETY: the line is below Capacity, so its page is in the directory; pages stay.
        return (ulong*)(((byte**)_directory)[line >> PageShift] + (line & LineMask) * LineBytes);
    }

    /// <summary>Adds pages of zeroed lines.</summary>
    /// <param name="lines">The capacity that is needed.</param>
    /// <param name="keepFreeBytes">The part of the budget that must be left.</param>
    /// <returns>False when the memory was refused; some pages may have been added.</returns>
    public bool TryGrow(long lines, long keepFreeBytes)
    {
        if (lines <= Capacity)
        {
            return true;
        }

        lock (_lock)
        {
            while (Capacity < lines)
            {
                if (!TryAddUnsynchronized(keepFreeBytes))
                {
                    return false;
                }
            }

            return true;
        }
    }

    /// <summary>Gives all pages back.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            _pageCount = 0;
            _directoryLength = 0;
            _bytesUsed = 0;
            foreach (NativeRegion page in _pages)
            {
                _memory.IndexPages.Return(page);
            }

            foreach (MemoryBlock block in _directories)
            {
                _memory.Free(block);
            }

            _pages.Clear();
            _directories.Clear();
        }
    }

    private bool TryAddUnsynchronized(long keepFreeBytes)
    {
        if (!TryExtendDirectoryUnsynchronized(_pageCount + 1)
            || !_memory.IndexPages.TryTake(keepFreeBytes, out NativeRegion page))
        {
            return false;
        }

        _pages.Add(page);
        Count(PageBytes);

        // SAFETY: the directory was extended to hold this page.
        ((byte**)_directory)[_pageCount] = (byte*)page.Address;
        Volatile.Write(ref _pageCount, _pageCount + 1);
        return true;
    }

    private bool TryExtendDirectoryUnsynchronized(int pages)
    {
        if (pages <= _directoryLength)
        {
            return true;
        }

        int length = Math.Max(FirstDirectoryLength, 2 * _directoryLength);
        if (!_memory.TryAllocate(
            MemoryCategory.Index, (long)length * sizeof(byte*), out MemoryBlock block))
        {
            return false;
        }

        _directories.Add(block);
        Count(block.Length);

        // SAFETY: the new block holds `length` pointers, more than are in the old directory.
        new ReadOnlySpan<nint>((void*)_directory, _pageCount).CopyTo(
            new Span<nint>(block.Pointer, length));
        Volatile.Write(ref _directory, block.Address);
        _directoryLength = length;
        return true;
    }

    private void Count(long bytes) => Volatile.Write(ref _bytesUsed, _bytesUsed + bytes);
}
