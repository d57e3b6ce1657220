namespace FlashKV.Log;

/// <summary>
/// A tail with the staging slots it moves through. Changes are made under its lock.
/// </summary>
internal sealed class TailRoom
{
    private readonly Stack<StagingSlot> _free = new();

    public TailRoom(SegmentKind kind, StagingSlot[] slots, LogGeometry geometry)
    {
        Kind = kind;
        Slots = slots;
        Tail = new LogTail(WithOrdinals(slots), geometry);
    }

    public Lock Lock { get; } = new();

    public SegmentKind Kind { get; }

    public StagingSlot[] Slots { get; }

    public LogTail Tail { get; }

    /// <summary>The slots that hold bytes on their way to the device, oldest first.</summary>
    public Queue<StagingSlot> InFlight { get; } = new();

    /// <summary>The first sequence number of the next hot segment.</summary>
    public ulong NextSequence { get; set; } = 1;

    public bool HasFreeSlot => _free.Count > 0;

    public StagingSlot TakeFree() => _free.Pop();

    public void AddFree(StagingSlot slot) => _free.Push(slot);

    // The tail numbers slots by their place in its array.
    private static StagingSlot[] WithOrdinals(StagingSlot[] slots)
    {
        for (int i = 0; i < slots.Length; i++)
        {
            slots[i].Ordinal = i;
        }

        return slots;
    }
}
