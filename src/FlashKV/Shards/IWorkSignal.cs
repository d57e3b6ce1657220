namespace FlashKV.Shards;

/// <summary>Hears of work that can be done in the background.</summary>
internal interface IWorkSignal
{
    /// <summary>A shard has records that are not on stable storage, since just now.</summary>
    void Dirtied();

    /// <summary>Somebody waits, or will soon: a segment is full, or slots run short.</summary>
    void Urgent();
}
