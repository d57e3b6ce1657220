using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace FlashKV.Index;

/// <summary>Compares the eight words of a cache line at once.</summary>
/// <remarks>
/// Other threads may store into the line meanwhile. A word is compared as it was before or after
/// a store, never in between: aligned 8-byte lanes of a vector load do not tear on x64 and Arm64.
/// A caller that uses a word reads it again.
/// </remarks>
internal static unsafe class TagMatch
{
    /// <summary>The words of a line.</summary>
    public const int WordsPerLine = 8;

    /// <summary>Finds the words that have a tag.</summary>
    /// <param name="line">Eight words, aligned to 64 bytes.</param>
    /// <param name="tagPattern">The tag, in its place in the word; all other bits are 0.</param>
    /// <returns>One bit per word.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint Find(ulong* line, ulong tagPattern) =>
        FindMasked(line, IndexEntry.TagMask, tagPattern);

    /// <summary>Finds the words that are 0.</summary>
    /// <param name="line">Eight words, aligned to 64 bytes.</param>
    /// <returns>One bit per word.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint FindEmpty(ulong* line) => FindMasked(line, ~0UL, 0);

    // SAFETY (all five): the caller's line is eight readable words; each way reads exactly those.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static uint FindMasked(ulong* line, ulong mask, ulong pattern)
    {
        if (Vector512.IsHardwareAccelerated)
        {
            return FindBy512(line, mask, pattern);
        }

        if (Vector256.IsHardwareAccelerated)
        {
            return FindBy256(line, mask, pattern);
        }

        return Vector128.IsHardwareAccelerated
            ? FindBy128(line, mask, pattern)
            : FindByWord(line, mask, pattern);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static uint FindBy512(ulong* line, ulong mask, ulong pattern)
    {
        Vector512<ulong> words = Vector512.Load(line) & Vector512.Create(mask);
        return (uint)Vector512.Equals(words, Vector512.Create(pattern))
            .ExtractMostSignificantBits();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static uint FindBy256(ulong* line, ulong mask, ulong pattern)
    {
        Vector256<ulong> masks = Vector256.Create(mask);
        Vector256<ulong> patterns = Vector256.Create(pattern);
        uint low = Vector256.Equals(Vector256.Load(line) & masks, patterns)
            .ExtractMostSignificantBits();
        uint high = Vector256.Equals(Vector256.Load(line + 4) & masks, patterns)
            .ExtractMostSignificantBits();
        return low | high << 4;
    }

    internal static uint FindBy128(ulong* line, ulong mask, ulong pattern)
    {
        Vector128<ulong> masks = Vector128.Create(mask);
        Vector128<ulong> patterns = Vector128.Create(pattern);
        uint found = 0;
        for (int word = 0; word < WordsPerLine; word += Vector128<ulong>.Count)
        {
            found |= Vector128.Equals(Vector128.Load(line + word) & masks, patterns)
                .ExtractMostSignificantBits() << word;
        }

        return found;
    }

    internal static uint FindByWord(ulong* line, ulong mask, ulong pattern)
    {
        uint found = 0;
        for (int word = 0; word < WordsPerLine; word++)
        {
            found |= (Volatile.Read(ref line[word]) & mask) == pattern ? 1u << word : 0;
        }

        return found;
    }
}
