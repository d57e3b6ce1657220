using System.Diagnostics;
using System.Numerics;
using System.Runtime.CompilerServices;
using FlashKV.Memory;

namespace FlashKV.Index;

/// <summary>
/// Blocks of 1, 2, 4 ... 1,024 words for the entries that do not fit into their bucket's line.
/// </summary>
/// <remarks>
/// Each size has a lock-free stack of free blocks, linked through their first words. An empty
/// stack takes a block of the next size and halves it; the largest blocks are cut off the pages one
/// after another. A block is aligned to its size, so that up to eight words lie within one line.
/// Blocks are found by the number of their first word; 0 is never handed out. A freed block stays
/// readable; readers that may still be looking at it find out by their bucket's version.
/// </remarks>
internal sealed unsafe class OverflowPool : IDisposable
{
    /// <summary>The class of the largest block.</summary>
    public const int MaxClass = 10;

    private const int WordsPerLineLog2 = 3;
    private const int LaneMask = TagMatch.WordsPerLine - 1;
    private const int MaxBlockWords = 1 << MaxClass;
    private const int LinesPerMaxBlock = MaxBlockWords >> WordsPerLineLog2;
    private const int HeadStride = 16; // one stack head per 128 bytes
    private const int CounterShift = 32;

    private readonly LinePages _pages;
    private readonly ulong[] _heads = new ulong[(MaxClass + 2) * HeadStride];
    private long _maxBlocksCut = 1; // word 0 means "none": the first is never handed out

    /// <summary>Creates a pool that has no memory yet.</summary>
    public OverflowPool(UnmanagedMemory memory) => _pages = new LinePages(memory);

    /// <summary>Gets the bytes taken from the budget.</summary>
    public long BytesUsed => _pages.BytesUsed;

    /// <summary>Gives the smallest class that holds some entries.</summary>
    /// <param name="entries">1 to 1,024.</param>
    public static int ClassFor(int entries) => BitOperations.Log2((uint)(2 * entries) - 1);

    /// <summary>Gives the address of a word.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ulong* GetWord(uint word) =>
        // SAFETY: the word lies in a line that exists; pages stay until Dispose.
        _pages.GetLine(word >> WordsPerLineLog2) + (word & LaneMask);

    /// <summary>Takes a block; its words have any value.</summary>
    /// <param name="blockClass">0 to <see cref="MaxClass"/>.</param>
    /// <returns>The number of its first word; 0 when there is no memory.</returns>
    public uint TryAllocate(int blockClass)
    {
        Debug.Assert((uint)blockClass <= MaxClass, "class out of range");
        uint block = Pop(blockClass);
        int have = blockClass;
        while (block == 0 && have < MaxClass)
        {
            have++;
            block = Pop(have);
        }

        if (block == 0)
        {
            block = CutMaxBlock();
        }

        // The upper halves go to their stacks, the lowest part to the caller.
        while (block != 0 && have > blockClass)
        {
            have--;
            Push(block + (1u << have), have);
        }

        return block;
    }

    /// <summary>Gives a block back.</summary>
    public void Free(uint block, int blockClass) => Push(block, blockClass);

    /// <summary>Gives all memory back.</summary>
    public void Dispose() => _pages.Dispose();

    private uint CutMaxBlock()
    {
        while (true)
        {
            long index = Volatile.Read(ref _maxBlocksCut);
            if ((index + 1) * MaxBlockWords > BucketControl.MaxOverflowWords
                || !_pages.TryGrow((index + 1) * LinesPerMaxBlock, keepFreeBytes: 0))
            {
                return 0;
            }

            // A failure means that another thread cut this one: somebody gets on at each turn.
            if (Interlocked.CompareExchange(ref _maxBlocksCut, index + 1, index) == index)
            {
                return (uint)(index * MaxBlockWords);
            }
        }
    }

    private ref ulong HeadOf(int blockClass) => ref _heads[(blockClass + 1) * HeadStride];

    // A head is the first free word number with a count above it. The count changes with every
    // push and pop, so that a pop that read a link of a block taken meanwhile fails.
    private uint Pop(int blockClass)
    {
        ref ulong head = ref HeadOf(blockClass);
        while (true)
        {
            ulong seen = Volatile.Read(ref head);
            uint block = (uint)seen;
            if (block == 0)
            {
                return 0;
            }

            uint next = (uint)Volatile.Read(ref *GetWord(block));
            if (Interlocked.CompareExchange(ref head, WithCount(seen, next), seen) == seen)
            {
                return block;
            }
        }
    }

    private void Push(uint block, int blockClass)
    {
        ref ulong head = ref HeadOf(blockClass);
        while (true)
        {
            ulong seen = Volatile.Read(ref head);
            Volatile.Write(ref *GetWord(block), (uint)seen);
            if (Interlocked.CompareExchange(ref head, WithCount(seen, block), seen) == seen)
            {
                return;
            }
        }
    }

    private static ulong WithCount(ulong seen, uint block) =>
        ((seen >> CounterShift) + 1) << CounterShift | block;
}
