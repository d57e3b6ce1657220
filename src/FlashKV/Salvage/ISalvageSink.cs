namespace FlashKV.Salvage;

/// <summary>Takes what a walk through a segment finds.</summary>
internal interface ISalvageSink
{
    /// <summary>A record that is whole and not dead.</summary>
    void Found(FoundSegment segment, in SalvagedRecord record);

    /// <summary>A damaged place, with the records that it had, as far as they are known.</summary>
    /// <param name="loss">The place.</param>
    /// <param name="records">The records; null if nobody knows how many there were.</param>
    void Lost(SalvageLoss loss, IReadOnlyList<LostRecord>? records);
}
