using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using FlashKV.Memory;

namespace FlashKV.Log;

/// <summary>
/// Where records are appended. Appending takes no lock: the first word of the record, which is zero
/// until then, is claimed with the record's size by a compare-and-swap, and the tail is moved over
/// it. So the sizes chain every record from the first on, at every instruction, and whoever finds
/// the staging file after a kill can walk it: complete records count, claimed ones are skipped.
/// </summary>
/// <remarks>
/// The word of the tail holds the staging slot, the number of records and the offset. A thread that
/// finds a record at the tail moves the tail over it for its owner. The bytes a thread claims
/// cannot change hands under it, since slots are used again only after a quiescence.
/// </remarks>
internal sealed class LogTail
{
    private const int OffsetBits = 28;
    private const int CountBits = 28;
    private const ulong OffsetMask = (1UL << OffsetBits) - 1;
    private const ulong CountMask = (1UL << CountBits) - 1;
    private const int SlotShift = OffsetBits + CountBits;
    private const ulong SlotMask = 0x3F;
    private const ulong ClosedBit = 1UL << 63;

    private readonly StagingSlot[] _slots;
    private readonly LogGeometry _geometry;
    private TailWord _tail;

    public LogTail(StagingSlot[] slots, LogGeometry geometry)
    {
        Debug.Assert(slots.Length <= (int)SlotMask + 1);
        _slots = slots;
        _geometry = geometry;
        _tail.Value = ClosedBit;
    }

    /// <summary>Whether nothing can be appended until <see cref="Open"/>.</summary>
    public bool IsClosed => (Volatile.Read(ref _tail.Value) & ClosedBit) != 0;

    /// <summary>The slot that is open; null while the tail is closed.</summary>
    public StagingSlot? Current
    {
        get
        {
            ulong word = Volatile.Read(ref _tail.Value);
            return (word & ClosedBit) != 0 ? null : _slots[SlotOf(word)];
        }
    }

    /// <summary>The number of records in the open slot.</summary>
    public int RecordCount => CountOf(Volatile.Read(ref _tail.Value));

    /// <summary>The offset at which the next record goes.</summary>
    public int Offset => OffsetOf(Volatile.Read(ref _tail.Value));

    /// <summary>Whether a record of the given size would fit now.</summary>
    public bool Fits(int size)
    {
        ulong word = Volatile.Read(ref _tail.Value);
        return (word & ClosedBit) == 0 && Fits(OffsetOf(word), CountOf(word), size);
    }

    /// <summary>The bytes of records that still fit, if they come as one.</summary>
    public int Remaining()
    {
        ulong word = Volatile.Read(ref _tail.Value);
        return (word & ClosedBit) != 0 ? 0 : Limit(CountOf(word)) - OffsetOf(word);
    }

    /// <summary>Begins to load the lines that the next record will take.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Prefetch(int size)
    {
        ulong word = Volatile.Read(ref _tail.Value);
        _slots[SlotOf(word)].Data.Prefetch(OffsetOf(word), size);
    }

    /// <summary>
    /// Claims space for a record. The caller, who is inside an operation, writes the record and
    /// then calls <see cref="Commit"/>.
    /// </summary>
    /// <param name="size">The size of the record, a multiple of 8.</param>
    /// <param name="claim">The space.</param>
    /// <returns>false if the tail is closed or the record does not fit.</returns>
    public bool TryClaim(int size, out TailClaim claim)
    {
        Debug.Assert(Epoch.IsInside);
        Debug.Assert(size % RecordFormat.Alignment == 0 && size >= RecordFormat.HeaderBytes);
        while (true)
        {
            ulong word = Volatile.Read(ref _tail.Value);
            int offset = OffsetOf(word);
            int count = CountOf(word);
            if ((word & ClosedBit) != 0 || !Fits(offset, count, size))
            {
                claim = default;
                return false;
            }

            StagingSlot slot = _slots[SlotOf(word)];
            ref long first = ref slot.Data.Word(offset);
            long found = Interlocked.CompareExchange(ref first, RecordFormat.ReservedWord(size), 0);
            if (found == 0)
            {
                Step.Reached("claimed");
                Interlocked.CompareExchange(ref _tail.Value, Next(word, size), word);
                claim = new TailClaim(slot, offset, size, count);
                return true;
            }

            MoveOver(word, found);
        }
    }

    /// <summary>Makes a claimed record count: its last store, after all of its bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Commit(in TailClaim claim) =>
        SetState(claim.Slot, claim.Offset, claim.Size, RecordState.Committed);

    /// <summary>Gives a claimed or committed record up; it never counts.</summary>
    public static void Abandon(in TailClaim claim) =>
        SetState(claim.Slot, claim.Offset, claim.Size, RecordState.Dead);

    /// <summary>
    /// Closes the segment: nothing is appended to it any more. Called by one thread at a time.
    /// </summary>
    /// <returns>The number of records that the segment got.</returns>
    public int Close()
    {
        while (true)
        {
            ulong word = Volatile.Read(ref _tail.Value);
            Debug.Assert((word & ClosedBit) == 0);
            ref long first = ref _slots[SlotOf(word)].Data.Word(OffsetOf(word));
            long found = Interlocked.CompareExchange(ref first, RecordFormat.EndWord, 0);
            if (found == 0)
            {
                Step.Reached("closed");
                Volatile.Write(ref _tail.Value, word | ClosedBit);
                return CountOf(word);
            }

            MoveOver(word, found);
        }
    }

    /// <summary>Opens the tail at a place in an active slot.</summary>
    public void Open(StagingSlot slot, int offset, int recordCount)
    {
        Debug.Assert(IsClosed && slot.Segment is not null);
        Debug.Assert(offset % RecordFormat.Alignment == 0);
        ulong word = ((ulong)slot.Ordinal << SlotShift)
            | ((ulong)recordCount << OffsetBits)
            | ((ulong)offset / RecordFormat.Alignment);
        Volatile.Write(ref _tail.Value, word);
    }

    private static void SetState(StagingSlot slot, int offset, int size, RecordState state) =>
        Volatile.Write(
            ref slot.Data.HalfWord(offset + RecordFormat.SizeOffset),
            RecordFormat.SizeWord(size, state));

    private static int OffsetOf(ulong word) => (int)(word & OffsetMask) * RecordFormat.Alignment;

    private static int CountOf(ulong word) => (int)((word >> OffsetBits) & CountMask);

    private static int SlotOf(ulong word) => (int)((word >> SlotShift) & SlotMask);

    private static ulong Next(ulong word, int size) =>
        word + ((ulong)size / RecordFormat.Alignment) + (1UL << OffsetBits);

    private void MoveOver(ulong word, long found)
    {
        if (RecordFormat.StateOfWord(found) != RecordState.End)
        {
            ulong next = Next(word, RecordFormat.SizeOfWord(found));
            Interlocked.CompareExchange(ref _tail.Value, next, word);
        }
    }

    private bool Fits(int offset, int count, int size) => offset + size <= Limit(count);

    // What follows the records: the closing word, the summary with one more entry, the footer.
    private int Limit(int count) =>
        SummaryFormat.OffsetOf(_geometry.SegmentBytes, count + 1) - sizeof(long);

    /// <summary>The word of the tail, alone on its cache lines.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 256)]
    private struct TailWord
    {
        [FieldOffset(128)]
        public ulong Value;
    }
}
