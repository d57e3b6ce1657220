using System.Diagnostics;
using System.Numerics;
using System.Runtime.CompilerServices;

namespace FlashKV.Index;

/// <summary>
/// A bucket: a cache line of seven entries and the control word, and perhaps an overflow block.
/// </summary>
/// <remarks>
/// <para>
/// Entries are counted by position: 0-6 in the line, then through the block. There is a block only
/// while the line is full, and its entries lie at its start without a gap. All members but
/// <see cref="FindMatch"/>, <see cref="FindInLine"/>, <see cref="FindInBlock"/> and
/// <see cref="GetSlot"/> need the latch.
/// </para>
/// <para>
/// How a reader without a latch stays right: an entry that leaves a place is first stored where it
/// will be, then the version is advanced, and only then is the old place cleared or its block
/// freed. A reader that finds the old place empty therefore finds a new version afterwards, and
/// one that began with the new version found the entry at its new place.
/// </para>
/// </remarks>
internal readonly unsafe struct Bucket
{
    /// <summary>The entries in the bucket's own line.</summary>
    public const int LineEntries = TagMatch.WordsPerLine - 1;

    /// <summary>The most entries of a bucket.</summary>
    public const int MaxEntries = LineEntries + (1 << OverflowPool.MaxClass);

    private const uint LineMask = (1u << LineEntries) - 1;
    private const int LineBytes = LinePages.LineBytes;

    private readonly ulong* _line;
    private readonly OverflowPool _pool;

    /// <summary>Describes the bucket in a line.</summary>
    public Bucket(ulong* line, OverflowPool pool)
    {
        _line = line;
        _pool = pool;
    }

    // SAFETY (whole type): a line has eight words and a block the words its class says; both lie in
    // pages that stay until the index is disposed. A stale block may hold other words, see above.

    /// <summary>Gets the control word, loaded with acquire semantics.</summary>
    public BucketControl Control
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => new(Volatile.Read(ref _line[LineEntries]));
    }

    private ref ulong ControlWord => ref _line[LineEntries];

    /// <summary>Gives the positions that may hold entries.</summary>
    public static int PositionCount(BucketControl control) =>
        LineEntries + (control.HasOverflow ? control.OverflowLength : 0);

    /// <summary>Counts the entries.</summary>
    public int Count()
    {
        BucketControl control = Control;
        return control.HasOverflow
            ? LineEntries + CountOverflow(control)
            : LineEntries - BitOperations.PopCount(TagMatch.FindEmpty(_line) & LineMask);
    }

    /// <summary>Finds the next entry with a tag.</summary>
    /// <param name="control">The control word under which the search began.</param>
    /// <param name="tagPattern">The tag, in its place in the word.</param>
    /// <param name="from">The first position to look at.</param>
    /// <returns>The position, or -1. Another thread may have changed the entry meanwhile.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int FindMatch(BucketControl control, ulong tagPattern, int from)
    {
        if (from < LineEntries)
        {
            uint found = TagMatch.Find(_line, tagPattern) & LineMask & (~0u << from);
            if (found != 0)
            {
                return BitOperations.TrailingZeroCount(found);
            }

            from = LineEntries;
        }

        return control.HasOverflow
            ? FindInOverflow(_pool, control, tagPattern, from - LineEntries)
            : -1;
    }

    /// <summary>Finds the first entry with a tag in the bucket's own line.</summary>
    /// <returns>The position, or -1; an empty one for the tag 0.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int FindInLine(ulong tagPattern)
    {
        uint found = TagMatch.Find(_line, tagPattern) & LineMask;
        return found == 0 ? -1 : BitOperations.TrailingZeroCount(found);
    }

    /// <summary>Gives the place of a position.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ref ulong GetSlot(BucketControl control, int position) =>
        ref *(position < LineEntries
            ? _line + position
            : _pool.GetWord(control.Overflow) + (position - LineEntries));

    /// <summary>Adds an entry.</summary>
    /// <returns>False when there is no memory for it.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool Insert(ulong word)
    {
        BucketControl control = Control;
        if (!control.HasOverflow)
        {
            uint empty = TagMatch.FindEmpty(_line) & LineMask;
            if (empty == 0)
            {
                return MoveToBlock(control, 0, overflowClass: 0, word);
            }

            Volatile.Write(ref _line[BitOperations.TrailingZeroCount(empty)], word);
            return true;
        }

        return InsertInOverflow(control, word);
    }

    private bool InsertInOverflow(BucketControl control, ulong word)
    {
        int entries = CountOverflow(control);
        if (entries == control.OverflowLength)
        {
            return MoveToBlock(control, entries, control.OverflowClass + 1, word);
        }

        Volatile.Write(ref GetSlot(control, LineEntries + entries), word);
        return true;
    }

    /// <summary>Removes the entry at a position; the last entry may take its place.</summary>
    public void RemoveAt(int position)
    {
        BucketControl control = Control;
        if (!control.HasOverflow)
        {
            SetControl(control.NextVersion());
            Volatile.Write(ref _line[position], 0);
            return;
        }

        int last = CountOverflow(control) - 1;
        Debug.Assert(last >= 0 && position <= LineEntries + last, "no entry there");
        ref ulong lastSlot = ref GetSlot(control, LineEntries + last);
        Volatile.Write(ref GetSlot(control, position), lastSlot);
        SetControl(control.NextVersion());
        Volatile.Write(ref lastSlot, 0);
        if (4 * last <= control.OverflowLength)
        {
            ShrinkToFit();
        }
    }

    /// <summary>Moves the overflowing entries into the smallest block that holds them.</summary>
    public void ShrinkToFit()
    {
        BucketControl control = Control;
        if (!control.HasOverflow)
        {
            return;
        }

        int entries = CountOverflow(control);
        if (entries == 0)
        {
            SetControl(control.WithoutOverflow());
            _pool.Free(control.Overflow, control.OverflowClass);
        }
        else if (OverflowPool.ClassFor(entries) < control.OverflowClass)
        {
            // Without memory for the smaller block the larger one stays.
            _ = MoveToBlock(control, entries, OverflowPool.ClassFor(entries), added: 0);
        }
    }

    /// <summary>Copies the entries with a bit into an empty bucket that nobody sees yet.</summary>
    /// <returns>False when there is no memory; the target is still empty then.</returns>
    public bool TryCopyTo(Bucket target, ulong bit)
    {
        int moving = CountWith(bit);
        if (moving > LineEntries)
        {
            int blockClass = OverflowPool.ClassFor(moving - LineEntries);
            uint block = _pool.TryAllocate(blockClass);
            if (block == 0)
            {
                return false;
            }

            Clear(_pool.GetWord(block), 0, 1 << blockClass);
            target.SetControl(target.Control.WithOverflow(block, blockClass));
        }

        CopyWith(bit, target);
        return true;
    }

    /// <summary>Removes the entries that have a bit.</summary>
    public void RemoveWith(ulong bit)
    {
        // From the end: what RemoveAt moves into a gap has been looked at already.
        for (int position = PositionCount(Control) - 1; position >= 0; position--)
        {
            if ((GetSlot(Control, position) & bit) != 0)
            {
                RemoveAt(position);
            }
        }

        ShrinkToFit();
    }

    /// <summary>Takes the latch if it is free.</summary>
    public bool TryLatch()
    {
        ulong seen = Control.Word;
        return (seen & BucketControl.Latch) == 0
            && Interlocked.CompareExchange(ref ControlWord, seen | BucketControl.Latch, seen)
                == seen;
    }

    /// <summary>Takes the latch, waiting for its holder.</summary>
    public void TakeLatch()
    {
        if (!TryLatch())
        {
            WaitForLatch();
        }
    }

    /// <summary>Makes readers wait until <see cref="Unlatch"/>. Needs the latch.</summary>
    public void MarkBatch() => Volatile.Write(ref ControlWord, ControlWord | BucketControl.Batch);

    /// <summary>Ends the latch and the batch mark.</summary>
    public void Unlatch()
    {
        Debug.Assert(Control.IsLatched, "not latched");
        Volatile.Write(ref ControlWord, ControlWord & ~(BucketControl.Latch | BucketControl.Batch));
    }

    /// <summary>Gives the first entry with a tag in the overflow block.</summary>
    /// <returns>The entry; 0 if there is none, or if the bucket was changed meanwhile.</returns>
    public ulong FindInBlock(BucketControl control, ulong tagPattern)
    {
        int position = FindInOverflow(_pool, control, tagPattern, 0);
        if (position < 0)
        {
            return 0;
        }

        ulong word = Volatile.Read(ref GetSlot(control, position));
        Volatile.ReadBarrier();

        // Else the block may be someone else's by now.
        return Control.IsSameVersion(control) ? word : 0;
    }

    /// <summary>Waits until no batch publishes here.</summary>
    /// <returns>The control word then.</returns>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public BucketControl WaitForBatch()
    {
        SpinWait wait = default;
        BucketControl control;
        while ((control = Control).IsBatch)
        {
            wait.SpinOnce(sleep1Threshold: -1);
        }

        return control;
    }

    // Bounded by what the holder still does; a waiter that does not get on yields its processor.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private void WaitForLatch()
    {
        SpinWait wait = default;
        do
        {
            wait.SpinOnce(sleep1Threshold: -1);
        }
        while (!TryLatch());
    }

    private static void Clear(ulong* block, int from, int length)
    {
        for (int word = from; word < length; word++)
        {
            Volatile.Write(ref block[word], 0);
        }
    }

    private void SetControl(BucketControl control) =>
        Volatile.Write(ref ControlWord, control.Word);

    private int CountOverflow(BucketControl control)
    {
        ulong* block = _pool.GetWord(control.Overflow);
        int entries = control.OverflowLength;
        while (entries > 0 && block[entries - 1] == 0)
        {
            entries--;
        }

        return entries;
    }

    private int CountWith(ulong bit)
    {
        BucketControl control = Control;
        int count = 0;
        for (int position = 0; position < PositionCount(control); position++)
        {
            count += (GetSlot(control, position) & bit) != 0 ? 1 : 0;
        }

        return count;
    }

    private void CopyWith(ulong bit, Bucket target)
    {
        BucketControl from = Control;
        BucketControl to = target.Control;
        int copied = 0;
        for (int position = 0; position < PositionCount(from); position++)
        {
            ulong word = GetSlot(from, position);
            if ((word & bit) != 0)
            {
                target.GetSlot(to, copied++) = word;
            }
        }
    }

    // Copies the overflowing entries and one more, unless it is 0, into another block.
    private bool MoveToBlock(BucketControl control, int entries, int overflowClass, ulong added)
    {
        uint block = overflowClass > OverflowPool.MaxClass ? 0 : _pool.TryAllocate(overflowClass);
        if (block == 0)
        {
            return false;
        }

        ulong* to = _pool.GetWord(block);
        ulong* from = _pool.GetWord(control.Overflow); // not read when there are no entries
        for (int word = 0; word < entries; word++)
        {
            to[word] = from[word];
        }

        Clear(to, entries, 1 << overflowClass);
        if (added != 0)
        {
            to[entries] = added;
        }

        SetControl(control.WithOverflow(block, overflowClass));
        if (control.HasOverflow)
        {
            _pool.Free(control.Overflow, control.OverflowClass);
        }

        return true;
    }

    // Static: the address of a bucket that is passed on would keep its fields out of registers.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static int FindInOverflow(
        OverflowPool pool, BucketControl control, ulong tagPattern, int from)
    {
        int length = control.OverflowLength;
        ulong* block = pool.GetWord(control.Overflow);
        if (length < TagMatch.WordsPerLine)
        {
            // A short block lies within one line: compare that line, keep the block's lanes.
            ulong* line = (ulong*)((nuint)block & ~(nuint)(LineBytes - 1));
            uint found = TagMatch.Find(line, tagPattern) >> (int)(block - line);
            found &= ((1u << length) - 1) & (~0u << from);
            return found == 0 ? -1 : LineEntries + BitOperations.TrailingZeroCount(found);
        }

        uint lanes = ~0u << (from % TagMatch.WordsPerLine);
        for (int word = from & -TagMatch.WordsPerLine; word < length; word += TagMatch.WordsPerLine)
        {
            uint found = TagMatch.Find(block + word, tagPattern) & lanes;
            if (found != 0)
            {
                return LineEntries + word + BitOperations.TrailingZeroCount(found);
            }

            lanes = ~0u;
        }

        return -1;
    }
}
