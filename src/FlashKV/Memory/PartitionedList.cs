using System.Runtime.CompilerServices;

namespace FlashKV.Memory;

/// <summary>
/// Lists that are filled side by side and read once, in unmanaged memory of their own: the memory
/// of managed arrays that grow would be touched, cleared and copied several times. One thread uses
/// an object at a time.
/// </summary>
/// <typeparam name="T">What the lists hold.</typeparam>
internal sealed unsafe class PartitionedList<T> : IDisposable
    where T : unmanaged
{
    private const int ChunkItems = 128;
    private const int ChunksPerBlock = 4; // in each list, before there is another block
    private const long MaxBlockBytes = MemoryMap.HugePageBytes;

    private static long ChunkBytes => sizeof(nint) + (ChunkItems * sizeof(T));

    private readonly UnmanagedMemory _memory = new(long.MaxValue);
    private readonly Partition[] _partitions;
    private readonly long _blockBytes;
    private nint _free;
    private long _freeBytes;

    /// <summary>Makes lists that are empty.</summary>
    /// <param name="partitions">How many, at least 1.</param>
    public PartitionedList(int partitions)
    {
        _partitions = new Partition[partitions];
        _blockBytes = Math.Min(ChunksPerBlock * partitions * ChunkBytes, MaxBlockBytes);
    }

    /// <summary>The number of lists.</summary>
    public int PartitionCount => _partitions.Length;

    /// <summary>The number of items in a list.</summary>
    public int CountOf(int partition) => _partitions[partition].Count;

    /// <summary>Adds an item at the end of a list.</summary>
    /// <exception cref="InsufficientMemoryException">The machine has no memory for it.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Add(int partition, in T item)
    {
        ref Partition list = ref _partitions[partition];
        int place = list.Count % ChunkItems;
        if (place == 0)
        {
            AddChunk(ref list);
        }

        // SAFETY: a chunk has room for ChunkItems, and the last one was begun for this place.
        ItemsOf(list.Last)[place] = item;
        list.Count++;
    }

    /// <summary>Copies a list.</summary>
    /// <param name="partition">The list.</param>
    /// <param name="destination">Of its length.</param>
    public void CopyTo(int partition, Span<T> destination)
    {
        ref Partition list = ref _partitions[partition];
        int end = list.Count;
        for (nint chunk = list.Last; chunk != 0; chunk = *(nint*)chunk)
        {
            // SAFETY: all chunks but the last one are full.
            int start = (end - 1) / ChunkItems * ChunkItems;
            new ReadOnlySpan<T>(ItemsOf(chunk), end - start).CopyTo(destination[start..]);
            end = start;
        }
    }

    /// <summary>Gives the memory back.</summary>
    public void Dispose() => _memory.Dispose();

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void AddChunk(ref Partition list)
    {
        if (_freeBytes < ChunkBytes)
        {
            MemoryBlock block = _memory.Allocate(MemoryCategory.Buffers, _blockBytes);
            _free = block.Address;
            _freeBytes = block.Length;
        }

        // SAFETY: cut from a block of which this much is left; it is freed with the block.
        *(nint*)_free = list.Last;
        list.Last = _free;
        _free += (nint)ChunkBytes;
        _freeBytes -= ChunkBytes;
    }

    // A chunk: the address of the one before it, then its items.
    private static T* ItemsOf(nint chunk) => (T*)(chunk + sizeof(nint));

    private struct Partition
    {
        public nint Last;
        public int Count;
    }
}
