using System.Diagnostics;
using System.Numerics;
using System.Runtime.InteropServices;

namespace FlashKV.Memory;

/// <summary>
/// Block-aligned buffers for reads, in sizes of a power of two; a lock-free stack per size. Buffers
/// are made when first needed and kept.
/// </summary>
internal sealed unsafe class BufferPool
{
    public const int MinBytes = 4096;

    private const int PieceBytes = 128 << 10;
    private const int TagShift = 48;
    private const ulong AddressMask = (1UL << TagShift) - 1;

    private readonly UnmanagedMemory _memory;
    private readonly Head[] _heads;

    public BufferPool(UnmanagedMemory memory, int maxBytes)
    {
        _memory = memory;
        _heads = new Head[ClassOf(maxBytes) + 1];
    }

    /// <summary>Takes a buffer of at least the given length; its contents are anything.</summary>
    /// <exception cref="InsufficientMemoryException">The budget does not allow it.</exception>
    public PooledBuffer Rent(int length)
    {
        int sizeClass = ClassOf(length);
        Debug.Assert(sizeClass < _heads.Length);
        ref ulong head = ref _heads[sizeClass].Word;
        while (true)
        {
            ulong word = Volatile.Read(ref head);
            nint address = (nint)(word & AddressMask);
            if (address == 0)
            {
                return new PooledBuffer(this, Allocate(sizeClass), sizeClass);
            }

            // SAFETY: buffers are never unmapped while the store is open, so that a buffer which
            // another thread took meanwhile can still be read; the tag makes the swap fail then.
            ulong next = *(ulong*)address;
            if (Interlocked.CompareExchange(ref head, NextTag(word) | (next & AddressMask), word)
                == word)
            {
                return new PooledBuffer(this, address, sizeClass);
            }
        }
    }

    public void Return(nint address, int sizeClass)
    {
        ref ulong head = ref _heads[sizeClass].Word;
        while (true)
        {
            ulong word = Volatile.Read(ref head);

            // SAFETY: the caller owned the buffer and gives it up.
            *(ulong*)address = word & AddressMask;
            if (Interlocked.CompareExchange(ref head, NextTag(word) | (ulong)address, word) == word)
            {
                return;
            }
        }
    }

    public static int BytesOf(int sizeClass) => MinBytes << sizeClass;

    private static int ClassOf(int length) =>
        BitOperations.Log2(BitOperations.RoundUpToPowerOf2((uint)Math.Max(length, MinBytes)))
        - BitOperations.Log2(MinBytes);

    private static ulong NextTag(ulong word) => ((word >> TagShift) + 1) << TagShift;

    // Only larger pieces are aligned to blocks, so small buffers are cut from one such piece.
    private nint Allocate(int sizeClass)
    {
        int bytes = BytesOf(sizeClass);
        int piece = Math.Max(bytes, PieceBytes);
        MemoryBlock block = _memory.Allocate(MemoryCategory.Buffers, piece);
        nint address = block.Address;
        Debug.Assert(((ulong)address & ~AddressMask) == 0 && address % MinBytes == 0);
        if (bytes < piece)
        {
            // Each of them is touched here, which is a fault for each page.
            UnmanagedMemory.Populate(new NativeRegion(block.Address, (int)block.Length));
        }

        for (int offset = bytes; offset < piece; offset += bytes)
        {
            Return(address + offset, sizeClass);
        }

        return address;
    }

    /// <summary>The top of a stack, alone on its cache lines.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 128)]
    private struct Head
    {
        [FieldOffset(0)]
        public ulong Word;
    }
}
