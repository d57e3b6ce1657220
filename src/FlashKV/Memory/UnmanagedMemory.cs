using System.Runtime.InteropServices;
using FlashKV.Superpipe;

namespace FlashKV.Memory;

/// <summary>
/// The one owner of a store's unmanaged memory. It hands out zeroed blocks, counts them against a
/// budget by category, and gives everything back when it is disposed.
/// </summary>
/// <remarks>
/// Blocks from 64 KiB on are aligned to a page, from 2 MiB on to a huge page (and on Linux backed
/// by huge pages where the kernel has them); smaller ones to a cache line. Members may be called
/// from any thread; allocating takes a lock and is not meant for the path of a get or a put.
/// <see cref="Dispose"/> needs all users of the blocks to be gone.
/// </remarks>
internal sealed unsafe class UnmanagedMemory : IDisposable
{
    private const int CategoryCount = (int)MemoryCategory.Snapshots + 1;
    private const long MappedFromBytes = 64 << 10;
    private const int CacheLineBytes = 64;
    private const int PageBytes = 4096;

    private static long s_keptBytes;

    private readonly Lock _lock = new();
    private readonly Dictionary<nint, MemoryBlock> _blocks = [];
    private readonly long[] _used = new long[CategoryCount];
    private readonly long _snapshotBytes;
    private long _usedTotal;
    private long _refusals;
    private bool _disposed;

    /// <summary>Creates an owner with nothing allocated.</summary>
    /// <param name="budgetBytes">The most bytes that may be in use at once, at least 1.</param>
    /// <param name="snapshotBytes">The part that only snapshots may use.</param>
    public UnmanagedMemory(long budgetBytes, long snapshotBytes = 0)
    {
        _snapshotBytes = snapshotBytes;
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(budgetBytes);
        BudgetBytes = budgetBytes;
        IndexPages = new PageArena(this, MemoryCategory.Index);
    }

    /// <summary>
    /// Gets the bytes of this process that were not given back, since a device may still use them.
    /// </summary>
    public static long KeptBytes => Interlocked.Read(ref s_keptBytes);

    /// <summary>Gets the most bytes that may be in use at once.</summary>
    public long BudgetBytes { get; }

    /// <summary>Gets what the pages of all indexes are cut from.</summary>
    public PageArena IndexPages { get; }

    /// <summary>Gets the bytes in use, of all categories.</summary>
    public long UsedBytes => Volatile.Read(ref _usedTotal);

    /// <summary>Gets the bytes that may still be taken.</summary>
    public long AvailableBytes => BudgetBytes - UsedBytes;

    /// <summary>Gets how many requests were refused, for want of budget or of memory.</summary>
    public long Refusals => Volatile.Read(ref _refusals);

    /// <summary>Gets the bytes in use by one category.</summary>
    public long GetUsedBytes(MemoryCategory category) => Volatile.Read(ref _used[(int)category]);

    /// <summary>Allocates a zeroed block.</summary>
    /// <param name="category">What it is for.</param>
    /// <param name="bytes">At least 1; rounded up to the alignment.</param>
    /// <param name="block">The block.</param>
    /// <param name="keepFreeBytes">
    /// The part of the budget that must be left afterwards: what can wait leaves room for what
    /// cannot.
    /// </param>
    /// <returns>False when the budget or the machine refuses; nothing is changed.</returns>
    /// <exception cref="ObjectDisposedException">The owner is disposed.</exception>
    public bool TryAllocate(
        MemoryCategory category, long bytes, out MemoryBlock block, long keepFreeBytes = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(bytes);
        long alignment = AlignmentFor(bytes);
        long length = (bytes + alignment - 1) & -alignment;
        lock (_lock)
        {
            block = default;
            if (!TryReserveUnsynchronized(category, length, keepFreeBytes))
            {
                return false;
            }

            nint address = Obtain(length, alignment);
            if (address == 0)
            {
                ReleaseUnsynchronized(category, length);
                _refusals++;
                return false;
            }

            block = new MemoryBlock(address, length, category);
            _blocks.Add(address, block);
            return true;
        }
    }

    /// <summary>Allocates a zeroed block, or throws.</summary>
    /// <exception cref="InsufficientMemoryException">
    /// The budget or the machine does not allow it.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The owner is disposed.</exception>
    public MemoryBlock Allocate(MemoryCategory category, long bytes)
    {
        return TryAllocate(category, bytes, out MemoryBlock block)
            ? block
            : throw new InsufficientMemoryException(
                $"{bytes} bytes for {category} were refused: {UsedBytes} of the budget of "
                + $"{BudgetBytes} bytes are in use.");
    }

    /// <summary>Gives a block back. Nobody may use its memory any more.</summary>
    /// <exception cref="ArgumentException">Not a block of this owner, or freed before.</exception>
    public void Free(MemoryBlock block)
    {
        lock (_lock)
        {
            if (_disposed)
            {
                return; // Dispose has freed it.
            }

            if (!_blocks.Remove(block.Address, out MemoryBlock own))
            {
                throw new ArgumentException("The block is not in use.", nameof(block));
            }

            ReleaseUnsynchronized(own.Category, own.Length);
            Return(own);
        }
    }

    /// <summary>Counts memory that someone else allocates, such as a mapped file.</summary>
    /// <returns>False when the budget does not allow it; nothing is counted then.</returns>
    /// <exception cref="ObjectDisposedException">The owner is disposed.</exception>
    public bool TryReserve(MemoryCategory category, long bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        lock (_lock)
        {
            return TryReserveUnsynchronized(category, bytes, keepFreeBytes: 0);
        }
    }

    /// <summary>Ends the counting of <see cref="TryReserve"/>.</summary>
    public void Release(MemoryCategory category, long bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(bytes);
        lock (_lock)
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThan(bytes, _used[(int)category]);
            ReleaseUnsynchronized(category, bytes);
        }
    }

    /// <summary>Makes memory present, so that the first use need not.</summary>
    /// <param name="memory">A mapped part of a block, which nobody uses yet.</param>
    public static void Populate(NativeRegion memory)
    {
        if (MemoryMap.IsSupported && MemoryMap.Populate(memory.Address, memory.Length))
        {
            return;
        }

        // SAFETY: each offset lies inside the memory, which the caller owns alone.
        for (int offset = 0; offset < memory.Length; offset += PageBytes)
        {
            Volatile.Write(ref ((byte*)memory.Address)[offset], 0);
        }
    }

    /// <summary>Frees every block. Nobody may use their memory any more.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            if (_disposed)
            {
                return;
            }

            _disposed = true;
            foreach (MemoryBlock block in _blocks.Values)
            {
                Return(block);
            }

            _blocks.Clear();
            Array.Clear(_used);
            Volatile.Write(ref _usedTotal, 0);
        }
    }

    private static long AlignmentFor(long bytes) => bytes switch
    {
        >= MemoryMap.HugePageBytes => MemoryMap.HugePageBytes,
        >= MappedFromBytes => PageBytes,
        _ => CacheLineBytes,
    };

    private static bool IsMapped(long length) =>
        MemoryMap.IsSupported && length >= MappedFromBytes;

    private static nint Obtain(long length, long alignment)
    {
        if (IsMapped(length))
        {
            return MemoryMap.Map(length);
        }

        try
        {
            void* address = NativeMemory.AlignedAlloc((nuint)length, (nuint)alignment);
            // SAFETY: the allocation just made has this length.
            NativeMemory.Clear(address, (nuint)length);
            return (nint)address;
        }
        catch (OutOfMemoryException)
        {
            return 0;
        }
    }

    // A device that fell silent may still write to a buffer, nobody can say to which; then all
    // memory is kept.
    private static void Return(MemoryBlock block)
    {
        if (SuperpipeContext.HeldCommandsOfProcess != 0)
        {
            Interlocked.Add(ref s_keptBytes, block.Length);
        }
        else if (IsMapped(block.Length))
        {
            MemoryMap.Unmap(block.Address, block.Length);
        }
        else
        {
            // SAFETY: the block came from AlignedAlloc and is returned once, out of the table.
            NativeMemory.AlignedFree(block.Pointer);
        }
    }

    private bool TryReserveUnsynchronized(MemoryCategory category, long bytes, long keepFreeBytes)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        long kept = category == MemoryCategory.Snapshots
            ? 0
            : Math.Max(0, _snapshotBytes - _used[(int)MemoryCategory.Snapshots]);
        if (bytes > BudgetBytes - _usedTotal - keepFreeBytes - kept)
        {
            _refusals++;
            return false;
        }

        Volatile.Write(ref _used[(int)category], _used[(int)category] + bytes);
        Volatile.Write(ref _usedTotal, _usedTotal + bytes);
        return true;
    }

    private void ReleaseUnsynchronized(MemoryCategory category, long bytes)
    {
        Volatile.Write(ref _used[(int)category], _used[(int)category] - bytes);
        Volatile.Write(ref _usedTotal, _usedTotal - bytes);
    }
}
