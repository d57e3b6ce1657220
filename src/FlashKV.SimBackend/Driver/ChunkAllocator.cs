using System.Diagnostics;
using System.Numerics;

namespace FlashKV.SimBackend.Driver;

/// <summary>
/// Gives out the chunks (allocation units) of one LUN, and counts the clones of each (SP §3.7).
/// Deterministic: the same calls give the same chunks, which is what lets a client find its own
/// again.
/// </summary>
/// <remarks>
/// A bitmap of 64-bit words in which a one is a free chunk, searched from a moving word upwards and
/// then from the lowest word that may have one. Not synchronised.
/// </remarks>
internal sealed class ChunkAllocator
{
    /// <summary>The most further owners that a chunk can have.</summary>
    internal const int MaxClones = 0xFF;

    private const int BitsPerWord = 64;

    private readonly ulong[] _free;
    private readonly byte[] _clones;
    private int _low;
    private int _current;
    private int _high;

    /// <summary>Makes an allocator with all chunks free.</summary>
    /// <param name="chunkCount">The number of chunks, at least 1.</param>
    internal ChunkAllocator(int chunkCount)
    {
        Debug.Assert(chunkCount > 0, "a LUN with virtual LUNs has at least one chunk");
        ChunkCount = chunkCount;
        FreeCount = chunkCount;
        _clones = new byte[chunkCount];
        _free = new ulong[(chunkCount + BitsPerWord - 1) / BitsPerWord];
        _free.AsSpan().Fill(ulong.MaxValue);
        int spare = (_free.Length * BitsPerWord) - chunkCount;
        _free[^1] = ulong.MaxValue >> spare;
        _high = _free.Length;
    }

    /// <summary>
    /// Whether an ioctl scrubs chunks that it is about to free: nobody else may take or give any.
    /// </summary>
    internal bool IsHeld { get; set; }

    /// <summary>The number of chunks of the LUN.</summary>
    internal int ChunkCount { get; }

    /// <summary>The number of free chunks.</summary>
    internal int FreeCount { get; private set; }

    /// <summary>The owners of chunks that are beyond their first.</summary>
    internal int CloneCount => _clones.Sum(static count => count);

    /// <summary>Takes a chunk.</summary>
    /// <returns>Its number, or -1 when none is free.</returns>
    internal int Allocate()
    {
        int word = FindWord(_current, _high);
        if (word < 0)
        {
            word = FindWord(_low, _current);
        }

        if (word < 0)
        {
            return -1;
        }

        int bit = BitOperations.TrailingZeroCount(_free[word]);
        _free[word] &= ~(1UL << bit);
        FreeCount--;
        _current = bit == BitsPerWord - 1 ? word + 1 : word;
        return (word * BitsPerWord) + bit;
    }

    /// <summary>Gives a chunk back, or one clone of it.</summary>
    /// <param name="chunk">The chunk.</param>
    /// <returns><see langword="false"/> when it was not allocated.</returns>
    internal bool TryFree(int chunk)
    {
        if (!IsAllocated(chunk))
        {
            return false;
        }

        if (_clones[chunk] > 0)
        {
            _clones[chunk]--;
            return true;
        }

        int word = chunk / BitsPerWord;
        _free[word] |= Bit(chunk);
        FreeCount++;
        if (word < _low)
        {
            _low = word;
        }
        else if (word > _high)
        {
            _high = word;
        }

        return true;
    }

    /// <summary>Adds an owner to an allocated chunk.</summary>
    /// <param name="chunk">The chunk.</param>
    /// <returns>
    /// <see langword="false"/> when it was not allocated or has all the owners it can have.
    /// </returns>
    internal bool TryClone(int chunk)
    {
        if (!IsAllocated(chunk) || _clones[chunk] == MaxClones)
        {
            return false;
        }

        _clones[chunk]++;
        return true;
    }

    /// <summary>Whether a chunk has more than one owner.</summary>
    internal bool IsShared(int chunk) => _clones[chunk] > 0;

    private static ulong Bit(int chunk) => 1UL << (chunk % BitsPerWord);

    private bool IsAllocated(int chunk) =>
        (uint)chunk < (uint)ChunkCount && (_free[chunk / BitsPerWord] & Bit(chunk)) == 0;

    private int FindWord(int first, int end)
    {
        int index = first < end ? _free.AsSpan(first, end - first).IndexOfAnyExcept(0UL) : -1;
        return index < 0 ? -1 : first + index;
    }
}
