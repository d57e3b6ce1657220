namespace FlashKV.Salvage;

/// <summary>Hands on the newest record of every key.</summary>
internal sealed class SalvageCopier(
    SalvageJudge judge, Action<ReadOnlySpan<byte>, ReadOnlySpan<byte>> put)
    : ISalvageSink
{
    /// <summary>The keys that were handed on.</summary>
    public long Keys { get; private set; }

    /// <inheritdoc/>
    public void Found(FoundSegment segment, in SalvagedRecord found)
    {
        bool counts = found.UnsettledBatch == 0 || judge.Counts(found.UnsettledBatch);
        if (!found.Record.Key.IsEmpty && counts
            && judge.Newest.TryTake(segment.Header.Shard, found.Record))
        {
            put(found.Record.Key, found.Record.Value);
            Keys++;
        }
    }

    /// <inheritdoc/>
    public void Lost(SalvageLoss loss, IReadOnlyList<LostRecord>? records)
    {
        // The judge has heard of it.
    }
}
