namespace FlashKV.Log;

/// <summary>Space for one record at the tail of a log.</summary>
/// <param name="Slot">The staging slot.</param>
/// <param name="Offset">The offset of the record in its slot.</param>
/// <param name="Size">The size of the record.</param>
/// <param name="Ordinal">The number of records before it in its segment.</param>
internal readonly record struct TailClaim(StagingSlot Slot, int Offset, int Size, int Ordinal)
{
    /// <summary>The segment that the slot stages while the claim's operation lasts.</summary>
    public Segment Segment => Slot.Segment!;

    public Span<byte> Bytes => Slot.Data.Span(Offset, Size);

    /// <summary>The sequence number that a record gets by its place in a hot segment.</summary>
    public ulong HotSequence => Segment.Header.FirstSequence + (ulong)Ordinal;
}
