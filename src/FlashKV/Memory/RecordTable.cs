using System.Diagnostics;
using System.Numerics;
using System.Runtime.CompilerServices;
using FlashKV.Index;

namespace FlashKV.Memory;

/// <summary>
/// Where cached records lie: lines of eight words, in which a word has some bits of the hash of a
/// record's name and its place. And the names of records that were let go, to know them again.
/// Any thread reads; changes come one at a time.
/// </summary>
internal sealed unsafe class RecordTable
{
    /// <summary>The most places.</summary>
    public const long MaxPlaces = 1L << PlaceBits;

    private const int Ways = TagMatch.WordsPerLine;
    private const int PlaceBits = 38;
    private const int PlaceShift = 1;
    private const int TagShift = PlaceShift + PlaceBits;
    private const ulong InUse = 1;
    private const ulong TagMask = ~0UL << TagShift;

    private readonly ulong* _words;
    private readonly uint* _letGo;
    private readonly long _lineMask;

    private RecordTable(MemoryBlock memory, long lines)
    {
        _words = (ulong*)memory.Pointer;
        _letGo = (uint*)(_words + (lines * Ways));
        _lineMask = lines - 1;
    }

    /// <summary>Makes an empty table.</summary>
    /// <param name="memory">Where to take it from.</param>
    /// <param name="records">About how many records it is for.</param>
    /// <returns>Null when the memory was refused.</returns>
    public static RecordTable? TryMake(UnmanagedMemory memory, long records)
    {
        long lines = (long)BitOperations.RoundUpToPowerOf2((ulong)Math.Max(records / Ways, 1));
        long bytes = lines * Ways * (sizeof(ulong) + sizeof(uint));
        return memory.TryAllocate(MemoryCategory.Cache, bytes, out MemoryBlock block)
            ? new RecordTable(block, lines)
            : null;
    }

    /// <summary>
    /// Begins or goes on with a search: gives the next place at which the record may lie.
    /// </summary>
    /// <param name="hash">The hash of its name.</param>
    /// <param name="way">0 at first; advanced.</param>
    /// <returns>The place; -1 if there is no more.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public long Next(ulong hash, ref int way)
    {
        ulong* line = LineOf(hash);
        ulong pattern = (hash & TagMask) | InUse;
        while (way < Ways)
        {
            // SAFETY: one of the eight words of a line.
            ulong word = Volatile.Read(ref line[way++]);
            if ((word & (TagMask | InUse)) == pattern)
            {
                return (long)(word & ~TagMask) >> PlaceShift;
            }
        }

        return -1;
    }

    /// <summary>Says where a record lies; another one may be forgotten for it.</summary>
    public void Add(ulong hash, long place)
    {
        Debug.Assert(place is >= 0 and < MaxPlaces);
        ulong* line = LineOf(hash);
        uint empty = TagMatch.FindEmpty(line);
        int way = empty != 0
            ? BitOperations.TrailingZeroCount(empty)
            : (int)(hash >> (64 - 3)); // any will do
        Volatile.Write(ref line[way], WordOf(hash, place));
    }

    /// <summary>Moves or, to -1, removes what lies at a place.</summary>
    /// <returns>false if nothing was known to lie there.</returns>
    public bool TryMove(ulong hash, long from, long to)
    {
        ulong* line = LineOf(hash);
        ulong word = WordOf(hash, from);
        for (int way = 0; way < Ways; way++)
        {
            if (line[way] == word)
            {
                Volatile.Write(ref line[way], to < 0 ? 0 : WordOf(hash, to));
                return true;
            }
        }

        return false;
    }

    /// <summary>Whether a record is known to lie at a place.</summary>
    public bool Contains(ulong hash, long place) => TryMove(hash, place, place);

    /// <summary>Notes that a record was let go.</summary>
    public void LetGo(ulong hash) => LetGoOf(hash) = NameOf(hash);

    /// <summary>Whether a record was let go not long ago; forgets it.</summary>
    public bool TakeLetGo(ulong hash)
    {
        if (LetGoOf(hash) != NameOf(hash))
        {
            return false;
        }

        LetGoOf(hash) = 0;
        return true;
    }

    /// <summary>Forgets all records.</summary>
    public void Clear()
    {
        for (long word = 0; word < (_lineMask + 1) * Ways; word++)
        {
            Volatile.Write(ref _words[word], 0);
        }
    }

    private static uint NameOf(ulong hash) => (uint)(hash >> 32) | 1;

    private static ulong WordOf(ulong hash, long place) =>
        (hash & TagMask) | ((ulong)place << PlaceShift) | InUse;

    // SAFETY (both): the mask keeps the number inside the block, which stays as long as the store.
    private ulong* LineOf(ulong hash) => _words + (((long)hash & _lineMask) * Ways);

    private ref uint LetGoOf(ulong hash) =>
        ref _letGo[(long)(hash >> 3) & ((_lineMask * Ways) | (Ways - 1))];
}
