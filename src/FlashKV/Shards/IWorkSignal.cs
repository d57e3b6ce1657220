namespace FlashKV.Shards;

/// <summary>Hears of work that can be done in the background.</summary>
internal interface IWorkSignal
{
    /// <summary>A shard has records that are not on stable storage, since just now.</summary>
    void Dirtied(int shard);

    /// <summary>Somebody waits for a flush, or will soon: a segment is full.</summary>
    void Urgent(int shard);

    /// <summary>
    /// A segment was opened, sealed or let go: prepared slots, or compaction, may be due.
    /// </summary>
    void Upkeep(int shard);
}
